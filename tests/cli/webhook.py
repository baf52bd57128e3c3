"""A webhook that keeps the results it is sent, in their order."""

import json

import stand_in


class Webhook(stand_in.StandIn):
    """Takes records; answers with `status` instead as long as it is no 2xx."""

    def __init__(self, test, tls=None):
        super().__init__(test, tls)
        self.records = []
        self.keys = []
        self.refused = 0
        self.status = 204
        self.before = lambda: None  # what it does before it answers

    def handle(self, handler, body):
        self.before()
        with self.lock:
            if self.status >= 300:
                self.refused += 1
            else:
                self.records.append(json.loads(body))
                self.keys.append(handler.headers["Idempotency-Key"])
        if self.status in (429, 503):
            handler.answer(self.status, Retry_After="0")
        else:
            handler.answer(self.status)

    def ids(self):
        return [record["frame_id"] for record in self.records]
