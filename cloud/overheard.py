"""Live values in a process that does not write all readings itself: it hears the boxes, and stores nothing.

Without a session at the broker: what is missed is old news, and the store has it all the same.
"""

import asyncio

from cloud import ingest
from cloud.live import Live
from cloud.ports import Inbox
from wire.errors import WireError
from wire.inventory import Inventory


async def show(inbox: Inbox, inventory: Inventory, live: Live) -> None:
    """Until the link is lost: raises LinkError. What cannot be read, the lane that stores it sets aside."""
    async for delivery in inbox.deliveries():
        await asyncio.sleep(0)
        try:
            batch = ingest.read(delivery.topic, delivery.payload)
        except WireError:
            continue
        live.put(ingest.labelled(batch, inventory).columns)
