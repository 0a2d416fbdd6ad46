#!/usr/bin/env python3
"""Writes a month of made-up usage events to standard output, as NDJSON, one event a line.

    tools/make-sample.py > docs/examples/sample-events.ndjson

The same arguments give the same bytes on every machine: the only source of chance is random() of a seeded
random.Random, whose sequence Python promises to keep, and no clock is read.
"""

import argparse
import json
import random
from datetime import datetime, timedelta, timezone

MONTH = datetime(2026, 10, 1, tzinfo=timezone.utc)
DAYS = 31

# Few customers make most of the events, as everywhere.
CUSTOMERS = {
    "acme": 300, "bluebird-travel": 190, "cedar-clinic": 130, "delta-games": 95, "evergreen-energy": 75,
    "foxglove-media": 60, "granite-bank": 45, "harbour-logistics": 35, "iris-optics": 25, "juniper-school": 20,
    "kite-robotics": 15, "lighthouse-café": 10,
}
EVENT_TYPES = {"message-sent": 38, "api-call": 36, "compute-seconds": 13, "storage-gb-hour": 9, "seat-active": 4}
HOURS = [1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 9, 11, 12, 12, 11, 9, 7, 5, 4, 3, 2, 1]  # of the day, in UTC
COUNTRIES = {"DE": 40, "FR": 20, "GB": 15, "US": 15, "JP": 10}
REGIONS = {"eu-west": 60, "eu-north": 25, "us-east": 15}


class Sample:
    def __init__(self, seed):
        self.random = random.Random(seed).random

    def below(self, limit):
        """A whole number from 0 up to, not including, `limit`."""
        return int(self.random() * limit)

    def pick(self, weights):
        """A key of the dictionary, each as often as its weight says."""
        rest = self.below(sum(weights.values()))
        for key, weight in weights.items():
            if rest < weight:
                return key
            rest -= weight
        raise AssertionError("the weights do not add up")

    def time(self, event_type):
        day, hour = self.below(DAYS), self.pick(dict(enumerate(HOURS)))
        time = MONTH + timedelta(days=day, hours=hour)
        if event_type == "seat-active":
            return time.replace(hour=0)
        if event_type != "storage-gb-hour":
            time += timedelta(seconds=self.below(3600))
        if event_type == "api-call":
            time += timedelta(milliseconds=self.below(1000))
        return time

    def properties(self, event_type):
        if event_type == "message-sent":
            return {"channel": self.pick({"sms": 5, "email": 3, "push": 2}), "length": 10 + self.below(490),
                    "country": self.pick(COUNTRIES), "price": f"0.{10 + self.below(90):03d}"}
        if event_type == "api-call":
            return {"method": self.pick({"GET": 7, "POST": 2, "DELETE": 1}),
                    "path": self.pick({"/orders": 5, "/invoices": 3, "/customers": 2}),
                    "status": self.pick({200: 90, 404: 7, 500: 3}), "milliseconds": self.below(40000) / 100}
        if event_type == "compute-seconds":
            return {"machine": self.pick({"small": 6, "large": 3, "gpu": 1}), "region": self.pick(REGIONS),
                    "seconds": f"{self.below(3600)}.{self.below(100):02d}"}
        if event_type == "storage-gb-hour":
            # Two digits always, so "1.10" and "2.00": sums of such amounts have to come out exact.
            return {"tier": self.pick({"standard": 3, "archive": 1}), "region": self.pick(REGIONS),
                    "quantity": f"{self.below(40)}.{self.below(100):02d}"}
        return {"seat": f"seat-{1 + self.below(40):03d}", "plan": self.pick({"team": 3, "enterprise": 1}), "seats": 1}

    def event(self):
        event_type = self.pick(EVENT_TYPES)
        return {"customerAlias": self.pick(CUSTOMERS), "eventType": event_type, "time": self.time(event_type),
                "eventProperties": self.properties(event_type)}

    def correct(self, event):
        """Another version of the event: what was used differs, and at times also when or by whom."""
        corrected = dict(event)
        while corrected["eventProperties"] == event["eventProperties"]:
            corrected["eventProperties"] = self.properties(event["eventType"])
        change = self.below(4)
        if change == 0:
            corrected["time"] = self.time(event["eventType"])
        elif change == 1:
            corrected["customerAlias"] = self.pick(CUSTOMERS)
        return corrected

    def lines(self, count):
        corrections = count // 100
        events = sorted((self.event() for _ in range(count - corrections)), key=lambda event: event["time"])
        for number, event in enumerate(events, start=1):
            event["id"] = f"event-{number:06d}"
        # A correction arrives some time after the event that it corrects. Those that come last go in first, so that the
        # places of the others stay right. No event is corrected twice: each correction has a stretch of its own.
        stretch = len(events) // corrections if corrections else 0
        for i in reversed(range(corrections)):
            place = i * stretch + self.below(stretch // 2)
            later = place + 1 + self.below(stretch - stretch // 2)
            events.insert(later, self.correct(events[place]))
        return [to_json(event) for event in events]


def to_json(event):
    whole_seconds = event["time"].microsecond == 0
    timestamp = event["time"].isoformat(timespec="seconds" if whole_seconds else "milliseconds")
    return json.dumps({"customerEventId": event["id"], "customerAlias": event["customerAlias"],
                       "eventType": event["eventType"], "eventTimestamp": timestamp.replace("+00:00", "Z"),
                       "eventProperties": event["eventProperties"]}, ensure_ascii=False, separators=(",", ":"))


def main():
    parser = argparse.ArgumentParser(description="Writes a month of made-up usage events as NDJSON.",
                                     epilog="Example: tools/make-sample.py --events 100000 > many.ndjson")
    parser.add_argument("--events", type=int, default=2000, help="how many lines; 1 %% of them correct an earlier one")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other events")
    arguments = parser.parse_args()
    with open(1, "w", encoding="utf-8", newline="\n") as output:
        for line in Sample(arguments.seed).lines(arguments.events):
            output.write(line + "\n")


if __name__ == "__main__":
    main()
