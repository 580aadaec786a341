"""Lines of WordNet become texts: its words, then its gloss; some glosses are kept to be asked."""

import tempfile
import unittest
from pathlib import Path

import wordnet

NOUN = (
    "00002137 03 n 02 abstraction 0 abstract_entity 0 002 @ 00001740 n 0000 + 00692347 v 0101 "
    "| a general concept formed by extracting common features from specific examples  \n"
)
ADJECTIVE = "00014490 00 s 02 galore(ip) 0 O.K.(a) 0 001 & 00013887 a 0000 | in great | numbers\n"
LICENCE = "  1 This software and database is being provided to you, the LICENSEE | by  \n"


class Entries(unittest.TestCase):
    def test_words_lose_their_underscores_and_glosses_their_spaces(self):
        words, gloss = wordnet.entry(NOUN)
        self.assertEqual(words, "abstraction abstract entity")
        self.assertTrue(gloss.startswith("a general") and gloss.endswith("specific examples"))

    def test_markers_of_adjectives_are_no_part_of_the_word(self):
        self.assertEqual(wordnet.entry(ADJECTIVE), ("galore O.K.", "in great | numbers"))

    def test_the_number_of_words_is_hexadecimal(self):
        pairs = " ".join(f"w{number} 0" for number in range(26))
        words, _ = wordnet.entry(f"00000001 03 n 1a {pairs} 000 | gloss\n")
        self.assertEqual(len(words.split()), 26)

    def test_the_licence_is_passed_over(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "data.noun"
            path.write_text(LICENCE + NOUN + "\n", encoding="utf-8")
            self.assertEqual(len(wordnet.entries([path, path])), 2)

    def test_other_files_are_refused_with_the_line(self):
        for line in ("no such thing\n", "00000001 03 n 01 word 0 000 without a gloss\n"):
            with self.assertRaisesRegex(ValueError, "no line of WordNet: .*"):
                wordnet.entry(line)

    def test_what_is_asked_is_not_among_the_texts_and_always_the_same(self):
        found = [(f"word{number}", f"gloss{number}") for number in range(100)]
        texts, asked = wordnet.divided(found, 10)
        self.assertEqual((len(texts), len(asked)), (90, 10))
        held = {text.split()[1] for text in texts}
        self.assertEqual(held | set(asked), {gloss for _, gloss in found})
        self.assertEqual(wordnet.divided(found, 10), (texts, asked))


if __name__ == "__main__":
    unittest.main()
