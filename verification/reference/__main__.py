"""Walk chain and model at random until they disagree.

python -m verification.reference --seed 1 --episodes 20 --steps 300
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from verification.engine.evm import deploy_world
from verification.reference.driver import Walk
from verification.reference.twin import Disagreement


def main() -> int:
    """Walk episodes until one disagrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--every", type=int, default=1, help="compare after so many steps")
    options = parser.parse_args()
    world = deploy_world()
    total, calls, refusals, started = 0, Counter(), Counter(), time.process_time()
    checkpoint = world.chain.snapshot()
    for seed in range(options.seed, options.seed + options.episodes):
        walk = Walk(world, seed)
        try:
            walk.run(options.steps, options.every)
        except Disagreement as problem:
            print(f"seed {seed}:\n{problem}")
            return 1
        calls += walk.twin.calls
        refusals += walk.twin.refusals
        total = sum(calls.values()) + sum(refusals.values())
        print(f"seed {seed}: they agree; {total} calls so far", file=sys.stderr)
        world.chain.restore(checkpoint)
        checkpoint = world.chain.snapshot()
        world.forget()
    seconds = time.process_time() - started
    for name, count in (*calls.most_common(), *refusals.most_common()):
        print(f"{count:7} {name}")
    print(f"{total} calls, {sum(calls.values())} went through, {seconds:.1f} s of CPU")
    return 0


if __name__ == "__main__":
    sys.exit(main())
