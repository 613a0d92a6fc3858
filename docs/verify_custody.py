#!/usr/bin/env python3
"""Check an exported custody.jsonl: python3 verify_custody.py custody.jsonl [HEAD-HASH]

Compare the printed head with the one in the report: only it shows a log cut off at its end.
"""

import hashlib
import json
import sys

prev, seq, bad = "0" * 64, 0, 0
with open(sys.argv[1], encoding="ascii") as log:
    for number, line in enumerate(log, 1):
        event = json.loads(line)
        seal = event.pop("hash")
        text = json.dumps(event, sort_keys=True, separators=(",", ":"))
        for wrong, why in (
            (event["seq"] != seq + 1, f"event {seq + 1} is missing or moved"),
            (event["prev"] != prev, "does not follow the event before it"),
            (hashlib.sha256(text.encode("ascii")).hexdigest() != seal, "was changed"),
        ):
            if wrong:
                print(f"line {number}, event {event['seq']}: {why}")
                bad += 1
        seq, prev = event["seq"], seal
if len(sys.argv) > 2 and sys.argv[2] != prev:
    print(f"the head is not {sys.argv[2]}")
    bad += 1
print(f"{'BROKEN' if bad else 'intact'}: {seq} events, head {prev}")
sys.exit(bool(bad))
