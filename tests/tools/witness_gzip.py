"""Checks codec/inflate and codec/gzip against Python's zlib and gzip(1): witness_gzip.py WHAT UNPACK

WHAT is streams, damaged, files, flipped or bomb; UNPACK is the program made of tests/tools/unpack.c."""
import random
import resource
import struct
import subprocess
import sys
import zlib

WINDOW = 32768


class Unpacker:
    def __init__(self, program, what, memory=None):
        limits = (lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory))) if memory else None
        self.process = subprocess.Popen([program, what], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=limits)

    def __call__(self, packed, limit):
        """(bytes or None, packed bytes used, message)."""
        self.process.stdin.write(struct.pack("<II", limit, len(packed)) + packed)
        self.process.stdin.flush()
        refused, used, size = struct.unpack("<III", self.process.stdout.read(12))
        data = self.process.stdout.read(size)
        return (None, 0, data.decode()) if refused else (data, used, "")


def contents(rng):
    """Bytes to pack: what they are, and they."""
    noise = rng.randbytes(WINDOW)
    words = [rng.randbytes(rng.randint(2, 12)) for _ in range(200)]
    yield "nothing", b""
    yield "a byte", b"x"
    yield "zeros", bytes(300000)
    yield "noise", noise
    yield "words", b"".join(rng.choice(words) for _ in range(20000))
    yield "few values", bytes(rng.choice(b"\0\0\0\0\0\1\2\377") for _ in range(100000))
    yield "distances up to the window", noise + b"".join(
        noise[at : at + rng.randint(3, 258)] + rng.randbytes(1) for at in range(0, WINDOW - 300, 150)) + noise
    yield "matches of every length", b"".join(noise[:n] + rng.randbytes(2) for n in range(3, 260))
    yield "every period", b"".join((noise[:n] * 300)[:600] for n in range(1, 40))


def pack(data, rng, level, strategy, wbits=15, memory=8, flushes=0):
    """A DEFLATE stream, split at this many places."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -wbits, memory, strategy)
    parts, at = [], 0
    for cut in sorted(rng.randrange(len(data) + 1) for _ in range(flushes)):
        parts += [packer.compress(data[at:cut]),
                  packer.flush(rng.choice((zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_PARTIAL_FLUSH, zlib.Z_BLOCK)))]
        at = cut
    return b"".join(parts) + packer.compress(data[at:]) + packer.flush()


STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)


def streams(unpack, rng):
    """Whatever zlib packs is unpacked, to the byte, within the very limit and not one below."""
    count = 0
    for name, data in contents(rng):
        cases = [(level, strategy, 15, 8, flushes) for strategy in STRATEGIES for flushes in (0, 5)
                 for level in (range(10) if strategy == zlib.Z_DEFAULT_STRATEGY else (1, 6))]
        cases += [(6, 0, wbits, memory, 2) for wbits in range(9, 16) for memory in (1, 9)]
        for case in cases:
            packed = pack(data, rng, *case)
            unpacked, used, message = unpack(packed + b"behind it", len(data))
            assert unpacked == data, (name, case, message)
            assert used == len(packed), (name, case, used, len(packed))
            if data:
                unpacked, _, message = unpack(packed, len(data) - 1)
                assert unpacked is None and "holds more than" in message, (name, case, message)
            count += 1
    return count


def witness(packed, limit):
    """What zlib makes of a stream: the bytes and how many it used, or None where it refuses."""
    stream = zlib.decompressobj(-15)
    try:
        data = stream.decompress(packed, limit + 1)
    except zlib.error:
        return None
    return (data, len(packed) - len(stream.unused_data)) if stream.eof and len(data) <= limit else None


def change(packed, rng):
    packed = bytearray(packed)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at = rng.randrange(len(packed))
        how = rng.randrange(5)
        if how <= 1:
            packed[at] ^= 1 << rng.randrange(8)
        elif how == 2:
            packed[at] = rng.randrange(256)
        elif how == 3:
            packed[at:at] = rng.randbytes(rng.randint(1, 3))
        elif len(packed) > 4:
            del packed[at : at + rng.randint(1, 3)]
    return bytes(packed)


def damaged(unpack, rng):
    """Of changed streams, and of bytes by chance, exactly those are accepted that zlib accepts."""
    noise = rng.randbytes(64)
    seeds = [pack(data, rng, level, strategy, 15, 8, flushes)
             for data in (b"", b"hello, hello, hello", noise, bytes(500), noise * 3 + bytes(40) + noise, bytes(range(256)) * 2)
             for level in (0, 1, 9) for strategy in STRATEGIES for flushes in (0, 2)]
    accepted, count, limit = 0, 40000, 2000
    for i in range(count):
        packed = change(rng.choice(seeds), rng) if i % 8 else rng.randbytes(rng.randint(1, 100))
        wanted = witness(packed, limit)
        unpacked, used, message = unpack(packed, limit)
        if wanted is None:
            assert unpacked is None, (packed, "accepted", unpacked)
        else:
            assert unpacked is not None, (packed, message)
            assert (unpacked, used) == wanted, (packed, used, wanted)
            accepted += 1
    assert count // 20 < accepted < count // 2, accepted
    return count


# --- whole files ---

EXTRA, NAME, COMMENT, HEADER_CRC = 4, 8, 16, 2


def member(data, flags=0, rng=random, level=9):
    header = b"\x1f\x8b\x08" + bytes([flags]) + rng.randbytes(4) + b"\x02\x03"
    header += struct.pack("<H", 300) + rng.randbytes(300) if flags & EXTRA else b""
    header += b"a name\0" if flags & NAME else b""
    header += b"a comment\0" if flags & COMMENT else b""
    header += struct.pack("<H", zlib.crc32(header) & 0xffff) if flags & HEADER_CRC else b""
    return header + pack(data, rng, level, 0) + struct.pack("<II", zlib.crc32(data), len(data))


def gzip(packed):
    """What gzip(1) unpacks without as much as a warning, else None."""
    done = subprocess.run(["gzip", "-dc"], input=packed, capture_output=True)
    return done.stdout if done.returncode == 0 else None


def compare(unpack, packed, limit=1 << 24):
    """Refused by both, or the same bytes. Returns the bytes or None."""
    wanted = gzip(packed)
    unpacked, _, message = unpack(packed, limit)
    assert unpacked == wanted, (packed[:2000], message, len(packed), wanted is None)
    return wanted


def files(unpack, rng):
    """gzip(1) and we take the same files for good: its own, every header, members, what is behind them."""
    count = 0
    for name, data in contents(rng):
        for level in range(1, 10):
            packed = subprocess.run(["gzip", f"-{level}c"], input=data, capture_output=True, check=True).stdout
            unpacked, _, message = unpack(packed, len(data))
            assert unpacked == data, (name, level, message)
            count += 1
    for flags in range(0, 32, 2):
        assert compare(unpack, member(b"every header", flags, rng)) == b"every header", flags
    for flags in (32, 64, 128, 255):
        assert compare(unpack, member(b"reserved flags", flags, rng)) is None, flags
    one, two, empty = member(b"one", NAME, rng), member(b"two " * 999, 0, rng), member(b"", 0, rng)
    for parts, good in (((one, two), True), ((empty,), True), ((empty, one, empty, two, empty), True), ((two,) * 100, True),
                        ((one, bytes(1)), True), ((one, two, bytes(5000)), True), ((one, bytes(512), two), False),
                        ((one, b"x"), False), ((one, bytes(99) + b"x"), False), ((one, b"\x1f"), False),
                        ((one, b"\x1f\x8b"), False), ((one, two[:-1]), False), ((one[:-1], two), False)):
        assert (compare(unpack, b"".join(parts)) is not None) == good, (len(parts), good)
        count += 1
    return count + 20


def flipped(unpack, rng):
    """Of a small file every byte changed in three ways, and every part: as gzip(1) says. No change changes what is read."""
    data = b"one seed, one seed, one model" + bytes(30) + rng.randbytes(10)
    packed = member(data, NAME | COMMENT | HEADER_CRC, rng)
    accepted = 0
    for size in range(len(packed) + 1):
        assert size < 2 or (compare(unpack, packed[:size]) is None) == (size < len(packed)), size
    for at in range(2, len(packed)):
        for change_by in (1, 0x80, 0xff):
            changed = packed[:at] + bytes([packed[at] ^ change_by]) + packed[at + 1 :]
            unpacked, _, message = unpack(changed, 1 << 20)
            assert unpacked in (None, data), (at, change_by, unpacked)
            assert unpacked is None or gzip(changed) == data, (at, change_by)
            accepted += unpacked is not None
    assert accepted <= 3, accepted  # the bits that fill the stream's last byte
    return 4 * len(packed)


def bomb(program):
    """A file that holds 256 MiB stops at the limit, ones that say they hold a gigabyte are found out. None takes the memory:
    of a small one, which cannot hold that, not even addresses."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    large = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    liar, small_liar = (member(random.Random(2).randbytes(size), level=1)[:-4] + b"\0\0\0\x3f" for size in (1 << 20, 10000))
    for packed, limit, memory, wanted in ((large, 1 << 24, 1 << 28, "holds more than the 16,777,216"),
                                          (liar, 1 << 30, 1 << 31, "and says 1,056,964,608"),
                                          (small_liar, 1 << 30, 1 << 28, "and says 1,056,964,608")):
        process = Unpacker(program, "gzip", memory)
        unpacked, _, message = process(packed, limit)
        assert unpacked is None and wanted in message, message
        process.process.stdin.close()
        assert process.process.wait() == 0
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        assert peak < 64 << 10, f"{peak} kB"
    return 3


def main():
    what, program = sys.argv[1:]
    rng = random.Random(1)
    if what == "bomb":
        count = bomb(program)
    else:
        unpack = Unpacker(program, "gzip" if what in ("files", "flipped") else "deflate")
        count = {"streams": streams, "damaged": damaged, "files": files, "flipped": flipped}[what](unpack, rng)
    print(count, "cases")


main()
