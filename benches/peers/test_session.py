"""A peer that fails, ends or does not answer is reported, and the run goes on."""

import stat
import sys
import tempfile
import unittest
from pathlib import Path

import session


class Workers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)

    def process(self, program, patience=1.0):
        """A process that takes the worker's place: it runs the given program instead."""
        stand_in = self.path / "python"
        stand_in.write_text(f"#!{sys.executable}\nimport sys, time\n{program}\n", encoding="utf-8")
        stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
        return session.Process(stand_in, {}, "none", 1, self.path / "log", patience)

    def test_an_answer_is_handed_back(self):
        with self.process("input(); print('{\"recall\": 1}', flush=True); input()") as worker:
            self.assertEqual(worker.ask(do="search"), {"recall": 1})

    def test_a_peers_own_error_is_its_reason(self):
        with self.process("input(); print('{\"error\": \"no index\"}', flush=True)") as worker:
            with self.assertRaisesRegex(session.PeerFailed, "no index"):
                worker.ask(do="open")

    def test_the_last_words_of_a_process_that_ended_are_kept(self):
        with self.process("input(); sys.stderr.write('not on this processor'); sys.exit(3)") as w:
            with self.assertRaisesRegex(session.PeerFailed, "ended with 3: not on this processor"):
                w.ask(do="build")

    def test_a_peer_that_does_not_answer_is_given_up(self):
        with self.process("time.sleep(60)", patience=0.005) as worker:
            with self.assertRaisesRegex(session.PeerFailed, "no answer to build within 0.005"):
                worker.ask(do="build")


if __name__ == "__main__":
    unittest.main()
