"""A modem gateway's half hour: two units attached, fixes in common frames, a lost connection, a second gateway."""

from __future__ import annotations

import json
import sys
from typing import Any, Dict, List

from checking import check, refuses
from goldenhour.feed import Feed
from goldenhour.session import Server, wall_now_ms

NO_SUCH_UNIT = "Z-1"


def gather(feed: Feed, channel: int, count: int, place: List[int], from_wall_ms: int) -> None:
    """Fixes of one modem, one a second; the last of them is from_wall_ms and count - 1 seconds old."""
    for number in range(count):
        feed.channels[channel].add(place[0] + 300 * number, place[1], fixed_wall_ms=from_wall_ms + 1000 * number)
    place[0] += 300 * count


def main() -> None:
    plan = json.load(sys.stdin)
    [region] = plan["regions"]
    server = Server(plan["host"], plan["port"], plan["subprotocol"])
    feed = Feed(server, region, lambda: plan["feedKeys"][region])
    feed.open()
    check(feed.welcome["driver"], None, "a feed has no situation")

    east, west = [plan["lonE7"], plan["latE7"]], [plan["lonE7"] - 40_000, plan["latE7"]]
    began = wall_now_ms() - 1_800_000
    feed.add(7, "A-7")
    feed.add(8, "A-8")
    feed.add(9, NO_SUCH_UNIT)
    reply = feed.attach()
    check(reply.result, {"channels": [[7, 0], [8, 0]], "refused": [[9, "unknown-unit"]]}, "attach")

    # Half an hour's backlog of both units: more than one frame.
    gather(feed, 7, 900, east, began)
    gather(feed, 8, 600, west, began)
    check(feed.send_fixes(wall_now_ms()), 1500, "fixes sent")
    feed.flush()
    check([buffer.durable_seq for buffer in feed.channels.values()], [900, 600], "the marks")

    # A mark is told again to who asks, also when nothing is new.
    feed.marks_told.clear()
    feed.send("mark", 8)
    feed.until("the mark", lambda: feed.marks_told == [[8, 600]])
    feed.send("mark", 10)
    check(feed.complaint("unknown-stream").details, {"channel": 10}, "the mark of an unknown channel")

    # A hole inside the gateway: the other channel is not held up.
    gather(feed, 7, 5, east, began + 900_000)
    gather(feed, 8, 5, west, began + 900_000)
    now = wall_now_ms()
    skipped = feed.channels[8].unsent(2)
    check([fix.seq for fix in skipped], [601, 602], "what the gateway loses")
    feed.send_fixes(now)
    gap = feed.complaint("fix-gap")
    check(gap.details, {"channel": 8, "expectedSeq": 601}, "the gap")
    feed.until("the other channel's fixes", lambda: ask_mark(feed, 7) and feed.channels[7].held == 0)
    check(feed.channels[8].held, 5, "fixes held on the channel with the gap")
    feed.channels[8].go_to(gap.details["expectedSeq"])
    feed.send_fixes(wall_now_ms())
    feed.flush()

    # What nothing is attached for, and what a feed may never do.
    feed.send("feed-fixes", 0, [10, 1, 0, plan["lonE7"], plan["latE7"], None, None, None])
    check(feed.complaint("unknown-stream").details, {"channel": 10}, "an unknown channel")
    refuses(feed, "wrong-role", "a feed that signs on", "sign-on", feed.clock.now())
    twice = [[11, "A-7", "py-x", "gnss", 1], [11, "A-8", "py-y", "gnss", 1]]
    check(feed.refused("attach", twice).details["path"], "channels", "one channel twice")

    # The connection is lost with fixes on their way; some of the gathered ones are lost with the gateway's memory.
    gather(feed, 7, 20, east, began + 1_000_000)
    gather(feed, 8, 20, west, began + 1_000_000)
    feed.send_fixes(wall_now_ms())
    feed.cut()
    gather(feed, 7, 10, east, began + 1_100_000)
    gather(feed, 8, 10, west, began + 1_100_000)
    feed.resume()
    check(feed.unknown, [], "messages that the page does not have")
    reply = feed.attach()
    check(reply.result["refused"], [], "attached again")
    feed.send_fixes(wall_now_ms())
    feed.flush()
    check([buffer.durable_seq for buffer in feed.channels.values()], [935, 635], "the marks after the loss")

    # Three fixes are lost for good: the server records the hole when the channel is attached from behind it.
    gather(feed, 8, 6, west, began + 1_200_000)
    buffer = feed.channels[8]
    buffer.lose(3)
    reply = feed.attach()
    check(reply.result["channels"], [[7, 935], [8, 638]], "the marks behind the hole")
    feed.send_fixes(wall_now_ms())
    feed.flush()
    check(buffer.durable_seq, 641, "the mark behind the hole")

    # A second gateway takes A-7 over; the first hears of it, and goes on with A-8.
    second = Feed(server, region, lambda: plan["feedKeys"][region])
    second.open()
    second.add(1, "A-7")
    check(second.attach().result, {"channels": [[1, 0]], "refused": []}, "the second gateway's attach")
    feed.until("detached", lambda: feed.detached)
    streams = [told(feed, channel, region) for channel in (7, 8)]
    check(feed.detached, [[7, "superseded"]], "what the first gateway hears")
    feed.send("feed-fixes", 0, [7, 936, 0, plan["lonE7"], plan["latE7"], None, None, None])
    check(feed.complaint("unknown-stream").details, {"channel": 7}, "a channel that was taken over")
    gather(second, 1, 3, east, began + 1_300_000)
    second.send_fixes(wall_now_ms())
    second.flush()
    streams.append(told(second, 1, region))
    check(feed.ask("detach", [8, 12345]).result, {}, "detach, also of what was never attached")
    feed.close()
    second.close()
    print(json.dumps({"trips": [], "streams": streams, "holes": [[buffer.stream_id, 636, 638]]}))


def ask_mark(feed: Feed, channel: int) -> bool:
    feed.send("mark", channel)
    feed.wait(0.02)
    return True


def told(feed: Feed, channel: int, region: str) -> Dict[str, Any]:
    return {"region": region, **feed.channels[channel].report(feed.unit_of[channel], feed.clock.at)}


if __name__ == "__main__":
    main()
