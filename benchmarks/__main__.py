"""Lists the benchmarks: what each measures and the command that runs it. Nothing is run.

python benchmarks
"""

import ast
from pathlib import Path


def main() -> None:
    print("Every figure that this project claims is one of these commands. --help teaches the arguments of most.")
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        lines = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()
        print(f"\n{path.stem}: {lines[0]}")
        for line in lines:
            _, run, arguments = line.partition("python benchmarks/")
            if run:
                print(f"    {run}{arguments}")


if __name__ == "__main__":
    main()
