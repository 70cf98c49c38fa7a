"""LocalStack as a process that ends with the one that started it: see run."""

import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

START_SECONDS = 180
SERVICES = "cloudformation,cloudwatch,dynamodb,events,iam,logs,s3,secretsmanager,sqs,ssm,sts"


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def settings(address: str, folder: Path) -> dict[str, str]:
    return {
        "GATEWAY_LISTEN": address,
        "LOCALSTACK_HOST": address,
        "FILESYSTEM_ROOT": str(folder),
        "SERVICES": SERVICES,
        "EAGER_SERVICE_LOADING": "1",
        "PROVIDER_OVERRIDE_DYNAMODB": "moto",
        "SQS_ENDPOINT_STRATEGY": "path",
        "SQS_DISABLE_CLOUDWATCH_METRICS": "1",  # nobody looks, and each message costs a request
        # Nothing is asked of, or told to, the world outside.
        "DNS_ADDRESS": "0",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
    }


def end(folder: Path, code: int = 0) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(code)


def end_with_starter(folder: Path) -> None:
    while os.read(0, 4096):
        pass
    end(folder)


def end_by_signal(folder: Path) -> None:
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    end(folder)


def announce(address: str, folder: Path, stdout: int, log: Path) -> None:
    """Says that LocalStack is ready, or why it isn't."""
    last = None
    for _ in range(START_SECONDS * 10):
        try:
            urllib.request.urlopen(f"http://{address}/_localstack/health", timeout=5).read()
            os.write(stdout, f"ready http://{address}\n".encode())
            return
        except OSError as e:
            last = e
        time.sleep(0.1)
    tail = log.read_text(errors="replace")[-4000:]
    os.write(stdout, f"failed: LocalStack is not ready after {START_SECONDS} s ({last}); its log ends:\n{tail}\n".encode())
    end(folder, 1)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="outdial-localstack-"))
    address = f"127.0.0.1:{free_port()}"
    log = folder / "localstack.log"
    print(f"localstack: {address}, log in {log}", file=sys.stderr, flush=True)

    # From here on all that LocalStack prints goes into its log.
    stdout = os.dup(1)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)

    # Threads inherit the mask: the signals reach end_by_signal and nobody else.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    for run, args in (
        (end_with_starter, (folder,)),
        (end_by_signal, (folder,)),
        (announce, (address, folder, stdout, log)),
    ):
        threading.Thread(target=run, args=args, daemon=True).start()

    # LocalStack reads its settings when it is imported.
    os.environ.update(settings(address, folder))
    sys.path.insert(0, str(Path(__file__).parent / "provider"))
    try:
        from localstack.runtime.main import main as localstack

        localstack()
    finally:
        end(folder, 1)


if __name__ == "__main__":
    main()
