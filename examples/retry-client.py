#!/usr/bin/env python3
"""Asks a model behind the gateway and prints the answer as it comes. Needs nothing but Python's standard library.

    python3 examples/retry-client.py 'why is the sky blue?'        (OLLAMA_URL and OLLAMA_MODEL can be set)

While the machine is on its way the gateway answers with `provisioning: true` and says when to ask again. With
`provisioning: false` a person must act first: asking again is no use.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

OLLAMA_URL = os.environ.get("OLLAMA_URL", "http://localhost:11434")
MODEL = os.environ.get("OLLAMA_MODEL", "granite3.1-dense:8b")
# A first start installs drivers and pulls the model: give it a quarter of an hour.
PATIENCE_SEC = 15 * 60
USUAL_WAIT_SEC = 5


def post(path, body):
    """Returns the first answer that is a success; exits with the text of the gateway or of Ollama."""
    end = time.monotonic() + PATIENCE_SEC
    while True:
        try:
            # No timeout: a generation may be silent for minutes before its first byte.
            return urllib.request.urlopen(OLLAMA_URL + path, data=json.dumps(body).encode())
        except urllib.error.HTTPError as answer:
            refusal = parse(answer.read())
            message = refusal.get("error") or f"HTTP {answer.code}"
            if refusal.get("provisioning") is not True:
                sys.exit(message)
            wait_sec = int(answer.headers.get("Retry-After") or refusal.get("retry_after") or USUAL_WAIT_SEC)
        except urllib.error.URLError as fault:
            sys.exit(f"{OLLAMA_URL}: {fault.reason}")
        if time.monotonic() + wait_sec > end:
            sys.exit(f"not ready in time: {message}")
        print(f"{message} Asking again in {wait_sec} s.", file=sys.stderr)
        time.sleep(wait_sec)


def parse(body):
    try:
        return json.loads(body)
    except ValueError:
        # Something between us and the gateway has answered: a proxy, a load balancer.
        return {}


def main():
    prompt = sys.argv[1] if len(sys.argv) > 1 else "why is the sky blue?"
    with post("/api/generate", {"model": MODEL, "prompt": prompt}) as answer:
        for line in answer:
            part = json.loads(line)
            # A failure in the middle of a stream is its last line: the status was sent long ago.
            if "error" in part:
                sys.exit(part["error"])
            print(part.get("response", ""), end="", flush=True)
    print()


main()
