# SPDX-License-Identifier: MIT
#
# evaluations.py - one network by cedm and by its peers: the same results, and
# evaluations in turns.

from peers import MOST, THREADS, BUILD, open_program
from program import Skipped
from turns import difference, in_turns, row, say, skipped


def open_ours(model, batch, threads, folder):
    """cedm with the model of that path under models/; folder has inputs."""
    return open_program([f"{BUILD}/bench/turn", f"{BUILD}/models/{model}.so",
                         str(batch), str(threads), folder])


def compare_peer(peer, folder, model, batches, limit, work):
    """Rows of one peer; returns its largest difference."""
    worst = 0.0
    peer.choose(folder, MOST, "time", 1, 4)
    for threads in THREADS:
        program = peer.start(folder, threads, peer.best)
        try:
            for batch in batches:
                mine = open_ours(model, batch, threads, folder)
                try:
                    worst = max(worst, difference(mine, program, batch, work,
                                                  limit))
                    row(peer.label(program.first["version"]), threads, batch,
                        *in_turns(mine, program, batch))
                finally:
                    mine.close()
        finally:
            program.close()
    return worst


def compare_peers(peers, folder, model, batches, limit, work):
    """Rows of all peers; one whose results differ by more than the limit,
    relative RMS, is skipped."""
    errors = []
    for peer in peers:
        try:
            worst = compare_peer(peer, folder, model, batches, limit, work)
            errors.append(f"{peer.name} {worst:.1e}")
        except Skipped as why:
            skipped(peer.name, why)
    say("largest relative RMS difference to cedm: " + ", ".join(errors))
