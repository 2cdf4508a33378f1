"""One file a command of `cadx-train`; each parses its options, then calls one function of the packages."""
