"""Where predictions are computed: a bounded queue, and the job itself."""
