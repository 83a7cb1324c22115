"""One loaded system behind a WebSocket and a web page, for several listeners at a time.

============  ====================================================================================
protocol      what a client may say and what it is told (pure)
bounds        what clients may use
engine        the loaded system; checks what is asked of it, runs one session in a thread
live          source and record of a session whose audio comes as it is spoken
stream        one session between its thread and the event loop
client        one connection: messages in, messages out, errors and close codes
access        which requests may come in: origin, host, token (pure)
web           the page, over plain HTTP on the same port
server        listens, hands out seats, shuts down
============  ====================================================================================

The protocol is simulstream's, with additions that its clients pass over; ``docs/serve.md`` has it
message by message.
"""
