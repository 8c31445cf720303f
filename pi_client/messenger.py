"""The threads that talk to the server: one for each press, and one that looks and reports in idle times."""

import logging
import threading
from collections.abc import Callable

from pi_client.config import ServerSettings
from pi_client.faults import Fault
from pi_client.inbox import MessageQueue, ServerSeen
from pi_client.ports import RemoteServer
from pi_client.press import ButtonPress, PressAnswer, PressResult, StatusReport

MOST_ASKING = 3  # threads whose press has failed by its deadline, but which the network does not let go
LISTENING_S = 1.0
MARGIN_S = 5.0  # over what the settings allow a look or a report to take

log = logging.getLogger("porteiro.door")


class Messenger:
    """Asks the server without keeping the loop; answers come into the inbox."""

    def __init__(
        self,
        server: RemoteServer,
        settings: ServerSettings,
        inbox: MessageQueue,
        monotonic: Callable[[], float],
        status: Callable[[], StatusReport],
    ):
        self._server, self._settings, self._inbox = server, settings, inbox
        self._monotonic, self._status = monotonic, status
        self._asking: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._must_end_at: float | None = None
        self._idle_thread = threading.Thread(target=self._look_and_report, name="server", daemon=True)

    def start(self) -> None:
        """Begin to look whether the server is there, and to report."""
        self._idle_thread.start()

    def ask(self, press: ButtonPress, photos: tuple[bytes, ...]) -> None:
        """Ask who it is; the answer comes into the inbox, at some time."""
        self._asking = [thread for thread in self._asking if thread.is_alive()]
        if len(self._asking) >= MOST_ASKING:
            detail = f"{MOST_ASKING} earlier uploads still hang"
            self._inbox.put(PressAnswer(press.id, PressResult.FAILED, Fault.UNREACHABLE, detail))
            return
        thread = threading.Thread(target=self._ask, args=(press, photos), name="upload", daemon=True)
        self._asking.append(thread)
        thread.start()

    def hangs(self) -> bool:
        """Whether a look or a report has not come back though it must have ended long ago."""
        must_end_at = self._must_end_at
        return must_end_at is not None and self._monotonic() > must_end_at

    def stop(self) -> None:
        """Stop looking; threads that the network keeps end with the process."""
        self._stopping.set()

    def _ask(self, press: ButtonPress, photos: tuple[bytes, ...]) -> None:
        try:
            answer = self._server.ask(press, photos)
        except Exception as error:  # whatever it is, it is no answer to open a door for
            log.exception("asking the server failed")
            answer = PressAnswer(press.id, PressResult.FAILED, Fault.SERVER_ERROR, type(error).__name__)
        self._inbox.put(answer)

    def _look_and_report(self) -> None:
        look_at = report_at = self._monotonic()
        while not self._stopping.wait(min(LISTENING_S, self._settings.keepalive_s)):
            now = self._monotonic()
            if now >= look_at:
                look_at = now + self._settings.keepalive_s
                self._inbox.put(ServerSeen(self._guarded(self._server.is_reachable)))
            if now >= report_at:
                report_at = now + self._settings.heartbeat_s
                self._guarded(lambda: self._server.report(self._status()) is None)

    def _guarded(self, job: Callable[[], bool]) -> bool:
        settings = self._settings
        self._must_end_at = (
            self._monotonic() + settings.connect_timeout_s + settings.read_timeout_s + MARGIN_S
        )
        try:
            return job()
        finally:
            self._must_end_at = None
