"""What is measured, as a table: runs (programs that are started, with their yardsticks), the rows made of them with
what is to be reached, and the sweeps that become plots. Adding a row here is all it takes."""

from dataclasses import dataclass, field

from sources import Google, HostSim, Text, Yardstick


@dataclass(frozen=True)
class Run:
    """One thing that is started repeatedly, in turns with its yardstick. A quick one may be something smaller."""
    measured: object
    yardstick: object = None  # None: measured has it in its own figures, or there is none
    quick: object = None
    quick_yardstick: object = None

    def chosen(self, quick):
        if not quick:
            return self.measured, self.yardstick
        return self.quick or self.measured, self.quick_yardstick or self.yardstick


@dataclass(frozen=True)
class Row:
    """A line of the report. `reach`: of (what, comparison, number), where what is value or ratio."""
    run: str
    title: str
    figure: str
    unit: str
    reach: tuple
    yardstick: str = ""           # in words; empty: there is none
    yardstick_figure: str = ""    # of the yardstick's figures, or of the run's own if it has no yardstick


@dataclass(frozen=True)
class Sweep:
    """A plot: `figure` of make(x) for each x, one line for each of `series` (name -> make)."""
    title: str
    about: str
    x_label: str
    y_label: str
    figure: str
    xs: tuple
    series: dict = field(default_factory=dict)
    scale: float = 1  # what the figure is multiplied with
    y_log: bool = True
    x_unit: str = ""  # "bytes": ticks as sizes


@dataclass(frozen=True)
class Group:
    title: str
    rows: tuple


def slow(partitions, entries, **options):
    """Archiving to a sink that takes 20 ms for each call and keeps nothing."""
    return HostSim(delay_ms=20, partitions=partitions, entries=entries, options=options)


def disk(entries=32000, **options):
    return HostSim(sink="disk", partitions=64, entries=entries, options={"workers": 8, **options})


def big(size_mib, budget_mib):
    return HostSim(partitions=8, entries=8, files=1, file_size=size_mib << 20,
                   options={"workers": 8, "memory_budget_bytes": budget_mib << 20})


def head_and_put(threads, entries):
    """Two requests for each entry, so entries/s is half of what the loop says."""
    return Yardstick("requests", threads=threads, requests=2 * entries, delay_ms=20, per=2)


def bare_files(files=32000):
    return Yardstick("durable_files", threads=8, files=files, directories=64, bytes=6656)


def idle_sink(entries, batch):
    return HostSim(delay_ms=20, partitions=1, entries=entries, rate=20, options={"workers": 8, "batch_entries": batch})


ARCHIVER, S3, TOOL = "bench_archiver", "s3_bench.py", "tool_bench.py"
S3_SLOW = r"{} partition\(s\).*: (?P<measured>[\d.]+) entries/s, HEAD and PUT (?P<yardstick>[\d.]+)/s"
TOOL_LARGE = r"at a time: (?P<measured>[\d.]+) MiB/s.* (?P<yardstick>[\d.]+) MiB/s"
TOOL_MANY = r"(?P<measured>[\d.]+) archives/s; .* (?P<yardstick>[\d.]+) archives/s"
TOOL_PEAK = r"(?P<measured>[\d.]+) MiB; of 100,000: (?P<yardstick>[\d.]+) MiB"
TOOL_NEEDS = ("tidemark", "host-sim")

RUNS = {
    "slow_batches": Run(slow(1, 5000, batch_entries=256), head_and_put(1, 100),
                        quick_yardstick=head_and_put(1, 25)),
    "slow_partitions": Run(slow(64, 32000, workers=32, batch_entries=64), head_and_put(32, 3200),
                           quick_yardstick=head_and_put(32, 640)),
    "slow_inflight": Run(slow(1, 2000, workers=16, partition_inflight=16), head_and_put(1, 100),
                         slow(1, 500, workers=16, partition_inflight=16), head_and_put(1, 25)),
    "disk_batches": Run(disk(batch_entries=64), disk(), disk(6400, batch_entries=64), disk(6400)),
    "disk_single": Run(disk(), bare_files(), disk(6400), bare_files(6400)),
    "requests": Run(HostSim(delay_ms=5, partitions=4, entries=8000, options={"batch_entries": 256})),
    "budget": Run(big(1024, 64), big(1024, 1 << 20), big(128, 64), big(128, 1 << 20)),
    "idle_latency": Run(idle_sink(200, 256), idle_sink(200, 1), idle_sink(60, 256), idle_sink(60, 1)),
    "null_sink": Run(Google(ARCHIVER, "null_sink/8")),
    "bad_partition": Run(Google(ARCHIVER, "bad_partition")),
    "file_sink_memory": Run(Google(ARCHIVER, "file_sink_memory/8")),
    "large_entries": Run(Google(ARCHIVER, "large_entries/4")),
    "partitions": Run(Google(ARCHIVER, "partitions/300000"), Google(ARCHIVER, "partitions/1000")),
    "partition_memory": Run(Google(ARCHIVER, "partition_memory")),
    "notify": Run(Google(ARCHIVER, "notify/4")),
    "idle": Run(Google(ARCHIVER, "idle")),
    "file_sink": Run(Google("bench_file_sink", "automatic/8/8")),
    "s3_slow_one": Run(Text(S3, "latency", S3_SLOW.format("1"))),
    "s3_slow_many": Run(Text(S3, "latency", S3_SLOW.format("64"))),
    "s3_small": Run(Text(S3, "small", r"8 thread\(s\): [\d.]+ objects/s, (?P<measured>[\d.]+) us")),
    "s3_large": Run(Text(S3, "large", r"at a time: (?P<measured>[\d.]+) MiB/s.*curl -T (?P<yardstick>[\d.]+) MiB/s")),
    "tool_verify": Run(Text(TOOL, "verify", TOOL_LARGE, TOOL_NEEDS)),
    "tool_restore": Run(Text(TOOL, "restore", TOOL_LARGE, TOOL_NEEDS)),
    "tool_latency": Run(Text(TOOL, "latency", TOOL_MANY, TOOL_NEEDS)),
    "tool_ls": Run(Text(TOOL, "many", r"ls of 1,000,000 archives: " + TOOL_PEAK, TOOL_NEEDS)),
    "tool_info": Run(Text(TOOL, "many", r"info of 1,000,000 archives: " + TOOL_PEAK, TOOL_NEEDS)),
}

RATE = "entries_per_second"
HEAD_PUT = "HEAD and PUT for each entry"

GROUPS = (
    Group("Batches, pipelining, memory", (
        Row("slow_batches", "20 ms a request, 1 partition × 5,000 entries, batch 256", RATE, "entries/s",
            (("value", ">=", 4000),), HEAD_PUT, "per_second"),
        Row("slow_partitions", "20 ms a request, 64 partitions × 500, 32 workers, batch 64", RATE, "entries/s",
            (("value", ">=", 25000),), HEAD_PUT + ", 32 at a time", "per_second"),
        Row("slow_inflight", "20 ms a request, 1 partition, batch 1, 16 in flight", RATE, "entries/s",
            (("value", ">=", 700),), HEAD_PUT, "per_second"),
        Row("disk_batches", "File sink on disk, 64 × 500 small entries, batch 64", RATE, "entries/s",
            (("ratio", ">=", 3), ("value", ">=", 25000)), "the same with batch 1", RATE),
        Row("disk_single", "File sink on disk, batch 1, 8 workers", RATE, "entries/s",
            (("ratio", ">=", 0.8),), "write, fsync, link, fsync directory; 8 threads", "per_second"),
        Row("requests", "Requests for 1,000 small entries under load, batch 256", "requests_per_1000", "requests",
            (("value", "<=", 10),)),
        Row("budget", "1 GiB entries, 8 workers, budget 64 MiB: peak memory", "peak_rss_mib", "MiB",
            (("value", "<=", 100),), "without a budget", "peak_rss_mib"),
        Row("budget", "1 GiB entries, 8 workers, budget 64 MiB: throughput", "mb_per_second", "MB/s",
            (("ratio", ">=", 0.95),), "without a budget", "mb_per_second"),
        Row("idle_latency", "Commit to acknowledge, idle sink of 20 ms, batch 256: p99", "commit_to_ack_p99_ms", "ms",
            (("ratio", "<=", 1.2),), "with batches off", "commit_to_ack_p99_ms"),
    )),
    Group("One archive for each entry", (
        Row("null_sink", "Sink that keeps nothing, 64 × 500 entries, 8 workers", "entries/s", "entries/s",
            (("ratio", ">=", 0.8),), "the same calls to read them, a thread per core", "yardstick/s"),
        Row("null_sink", "The same: CPU", "cpu_us/entry", "µs/entry", (("value", "<=", 25),)),
        Row("bad_partition", "63 partitions beside one that always fails", "entries/s", "entries/s",
            (("ratio", ">=", 0.95),), "the 63 alone", "yardstick/s"),
        Row("file_sink_memory", "File sink in memory, 64 × 500 entries, 8 workers", "entries/s", "entries/s",
            (("ratio", ">=", 0.75),), "the same calls to read and write them", "yardstick/s"),
        Row("large_entries", "File sink on disk, 4 × 8 entries of 64 MiB", "MB/s", "MB/s", (("ratio", ">=", 0.8),),
            "cp -r, then fsync", "yardstick_MB/s"),
        Row("partitions", "300,000 partitions with one entry each: CPU", "cpu_us/entry", "µs/entry",
            (("ratio", "<=", 1.3),), "as many in 1,000 partitions", "cpu_us/entry"),
        Row("partition_memory", "Memory of a dormant partition", "bytes/partition", "bytes", (("value", "<=", 250),)),
        Row("notify", "notify() from 4 threads at once", "cpu_ns/call", "ns", (("value", "<=", 200),)),
        Row("idle", "Wake-ups in 5 s with nothing to do", "wakeups", "", (("value", "<=", 0),)),
        Row("file_sink", "Puts straight into the file sink, 8 threads", "puts/s", "puts/s", (("ratio", ">=", 0.8),),
            "write, fsync, link, fsync directory", "yardstick/s"),
    )),
    Group("S3, against the imposter", (
        Row("s3_slow_one", "20 ms a request, 1 partition", "measured", "entries/s", (("ratio", ">=", 1.9),),
            HEAD_PUT, "yardstick"),
        Row("s3_slow_many", "20 ms a request, 64 partitions, 32 workers", "measured", "entries/s",
            (("ratio", ">=", 1.9),), HEAD_PUT, "yardstick"),
        Row("s3_small", "Objects of 1 KiB, no TLS: client CPU", "measured", "µs/object", (("value", "<=", 150),)),
        Row("s3_large", "Archives of 64 MiB, 4 at a time", "measured", "MiB/s", (("ratio", ">=", 0.8),),
            "curl -T, 4 at a time", "yardstick"),
    )),
    Group("The operator's tool", (
        Row("tool_verify", "verify 2 GiB in archives of 64 MiB, 2 at a time", "measured", "MiB/s",
            (("ratio", ">=", 0.8),), "sha256sum, 2 processes", "yardstick"),
        Row("tool_restore", "restore 2 GiB in archives of 64 MiB, 2 at a time", "measured", "MiB/s",
            (("ratio", ">=", 0.8),), "tar -x, 2 processes, then sync", "yardstick"),
        Row("tool_latency", "restore 1,000 small archives, 20 ms a request, 32 at a time", "measured", "archives/s",
            (("ratio", ">=", 20),), "one after the other", "yardstick"),
        Row("tool_ls", "ls of 1,000,000 archives: peak memory", "measured", "MiB", (("ratio", "<=", 1.2),),
            "of 100,000", "yardstick"),
        Row("tool_info", "info of 1,000,000 archives: peak memory", "measured", "MiB", (("ratio", "<=", 1.2),),
            "of 100,000", "yardstick"),
    )),
)


def by_batch(batch):
    return slow(1, min(5000, max(50, 20 * batch)), batch_entries=batch)


def by_batch_on_disk(batch):
    return HostSim(sink="disk", partitions=64, entries=6400, options={"workers": 8, "batch_entries": batch})


def by_latency(batch):
    return lambda ms: HostSim(delay_ms=ms, partitions=8, entries=max(400, min(8000, 2000 * batch // max(ms, 1))),
                              options={"workers": 8, "batch_entries": batch})


def by_partitions(batch):
    return lambda count: slow(count, max(100, min(32000, 20 * batch * count)), workers=32, batch_entries=batch)


def by_workers(batch):
    return lambda count: slow(64, min(32000, 50 * batch * count), workers=count, batch_entries=batch)


def cpu_by_batch(sink):
    return lambda batch: HostSim(sink=sink, partitions=64, entries=32000,
                                 options={"workers": 8, "batch_entries": batch})


def memory_by_size(budget_mib):
    return lambda size: HostSim(partitions=8, entries=max(8, min(2000, (64 << 20) // size)), files=1, file_size=size,
                                options={"workers": 8, "memory_budget_bytes": budget_mib << 20})


SWEEPS = (
    Sweep("Throughput against batch size", "More entries in an archive, fewer requests and fsyncs.",
          "batch_entries", "entries/s", RATE, (1, 4, 16, 64, 256),
          {"20 ms a request, 1 partition": by_batch, "file sink on disk, 64 partitions": by_batch_on_disk}),
    Sweep("Throughput against latency", "8 partitions, 8 workers. The slower the sink, the more a batch is worth.",
          "ms a request", "entries/s", RATE, (1, 5, 20, 50, 100),
          {"batch 1": by_latency(1), "batch 64": by_latency(64)}),
    Sweep("Throughput against partitions", "20 ms a request, 32 workers.", "partitions", "entries/s", RATE,
          (1, 4, 16, 64, 256), {"batch 1": by_partitions(1), "batch 64": by_partitions(64)}),
    Sweep("Throughput against workers", "20 ms a request, 64 partitions.", "workers", "entries/s", RATE,
          (1, 2, 4, 8, 16, 32), {"batch 1": by_workers(1), "batch 64": by_workers(64)}),
    Sweep("CPU of an entry", "2 files × 2 KiB, 64 partitions, 8 workers; user and system, of the whole process.",
          "batch_entries", "µs/entry", "cpu_us_per_entry", (1, 4, 16, 64, 256),
          {"sink that keeps nothing": cpu_by_batch("null"), "file sink in memory": cpu_by_batch("memory")},
          y_log=False),
    Sweep("Memory against entry size", "Peak resident memory of the whole process, 8 workers.",
          "size of an entry", "MiB", "peak_rss_mib", (4 << 10, 64 << 10, 1 << 20, 16 << 20, 256 << 20),
          {"budget 64 MiB": memory_by_size(64), "budget 16 MiB": memory_by_size(16)}, y_log=False, x_unit="bytes"),
)
