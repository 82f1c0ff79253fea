"""The socket that workers share."""

import ipaddress
import socket

from trimtab.errors import SettingsError
from trimtab.settings import Serving

BACKLOG = 2048  # connections that wait while a worker starts


def listen(serving: Serving) -> socket.socket:
    """A socket on host and port; SettingsError where one must not or cannot be opened."""
    if not loopback(serving.host) and not (serving.api_key and serving.api_key.get_secret_value()):
        raise SettingsError(
            f"{serving.host} can be reached from other machines and no API key is set; set "
            "TRIMTAB_SERVING__API_KEY, or listen on 127.0.0.1."
        )
    family = socket.AF_INET6 if ":" in serving.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((serving.host, serving.port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"{serving.host}:{serving.port} cannot be listened on ({error.strerror or error}); choose another --port."
        ) from error
    return listening


def loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url_of(listening: socket.socket) -> str:
    """Where a bound socket is asked."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
