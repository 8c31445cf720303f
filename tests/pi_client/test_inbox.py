import threading
import time

from pi_client.inbox import MOST_AT_ONCE, CameraLost, CameraOpened, Message, MessageQueue, ServerSeen


def test_messages_are_taken_in_the_order_in_which_they_came() -> None:
    inbox = MessageQueue()
    messages: list[Message] = [CameraOpened(), ServerSeen(reachable=False), CameraLost("gone")]
    for message in messages:
        inbox.put(message)

    assert list(inbox.take()) == messages
    assert list(inbox.take()) == []


def test_a_flood_does_not_keep_the_loop() -> None:
    inbox = MessageQueue()
    for _ in range(MOST_AT_ONCE + 1):
        inbox.put(CameraOpened())

    assert (len(list(inbox.take())), len(list(inbox.take()))) == (MOST_AT_ONCE, 1)


def test_a_message_ends_the_waiting() -> None:
    inbox, began_s = MessageQueue(), time.monotonic()
    writer = threading.Thread(target=inbox.put, args=(CameraOpened(),))
    writer.start()
    inbox.wait(30.0)
    writer.join()

    assert time.monotonic() - began_s < 20.0
    assert list(inbox.take()) == [CameraOpened()]


def test_without_one_the_waiting_ends_by_itself() -> None:
    inbox = MessageQueue()
    inbox.put(CameraOpened())
    inbox.wait(30.0)
    inbox.wait(0.001)

    assert list(inbox.take()) == [CameraOpened()]
