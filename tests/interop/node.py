"""Node: http and fetch in node_client.mjs, undici's pipelining in undici_client.mjs."""

import json
import os
import subprocess

from kit import Missing, check, need, run

HERE = os.path.dirname(os.path.abspath(__file__))


@check("Node")
def own_clients(demo):
    """node_client.mjs"""
    for line in run("node", os.path.join(HERE, "node_client.mjs"), demo.url).stdout.splitlines():
        result = json.loads(line)
        yield result["name"], result["error"]


def install(demo, *packages: str) -> str:
    """The folder into which npm has put the packages."""
    need("npm")
    folder = os.path.join(demo.folder, "npm")
    os.makedirs(folder, exist_ok=True)
    command = ["npm", "install", "--prefix", folder, "--no-save", "--no-package-lock", *packages]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{' '.join(packages)}, which npm could not fetch") from error
    return folder


@check("Node")
def pipelining(demo):
    """undici: 200 requests on one connection, 10 under way at a time"""
    need("node")
    run("node", os.path.join(HERE, "undici_client.mjs"), demo.url, install(demo, "undici@7"))
