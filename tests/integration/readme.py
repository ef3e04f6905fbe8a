#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The blocks of a Markdown file in one language.

readme.py FILE LANGUAGE: prints each block, and a line of NUL behind each.
"""
import re
import sys

text = open(sys.argv[1], encoding="utf-8").read()
for block in re.findall(r"^```%s\n(.*?)^```$" % re.escape(sys.argv[2]), text, re.M | re.S):
    print(block, end="\0\n")
