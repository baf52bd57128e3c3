"""Twenty stops under the load of two hundred connections; see tests/cli/serve_drain_test.py."""

import cli
import serve_drain_test


class Drain(serve_drain_test.Drain):
    ROUNDS = 20


if __name__ == "__main__":
    cli.main()
