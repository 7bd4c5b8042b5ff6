#!/usr/bin/python3
"""cases.py SOURCE_DIR: each public bug that the sinks of Azure and Google were written against has a test that says so:
"// Case 3, apache/opendal#8028." above a test or in one, CaseNN… or test_case_NN_… as its name. cases_test.py shows that a
missing one is found."""
import pathlib
import re
import sys

# Number, source, and what has to come of it.
CASES = {
    "1": "google/go-cloud#3635: 409 BlobAlreadyExists is EXISTS",
    "2": "apache/arrow-rs-object-store#830: 412 ConditionNotMet is EXISTS",
    "3": "apache/opendal#8028: the list of blocks carries the condition",
    "4": "ClickHouse#93105: without the flag there is none",
    "5": "Azure/azure-sdk-for-java#6017: a large object onto a name that is there costs one look",
    "6": "artifact-keeper#3920: who loses a race of blocks gets EXISTS",
    "7": "pgbackrest#1055: a blob is of one writer, never mixed",
    "8": "xtdb#3516: all ids of blocks have one length",
    "9": "Azurite: left-over blocks are got round",
    "10": "rclone#5583: too many blocks that nobody put together are told",
    "11": "medusa#705: never more than 50,000 blocks",
    "12": "restic#1822: a threshold above the store's limit is refused at open",
    "13": "xtdb#3629: a source that fails leaves nothing, and takes nothing back",
    "14": "tikv#11812: an error with a byte order mark is read",
    "15": "neon#9836: a listing that stalls ends, and names the host",
    "16": "dotnet/buildtools#1903: an empty page is not the last",
    "17": "Azurite#125: a backslash is refused",
    "18": "rclone#2806: directories are not visited",
    "19": "azure-sdk-for-rust#1739: a federated token is read anew",
    "20": "Azurite: who may create and not replace gets EXISTS",
    "20b": "Azurite: a blob with a snapshot goes, one with a lease is PERMANENT",
    "21": "pgbackrest 7c9208ba8: a key that is no base64 is refused, and not shown",
    "22": "ClickHouse#115266: every creation has its condition",
    "23": "google-cloud-cpp#7340: a lost answer becomes EXISTS",
    "24": "xtdb#3449: 412 about something else is PERMANENT",
    "25": "upload-cloud-storage#388: 403 is decided by a look",
    "26": "delta-rs#2451: one hot object makes nobody slower",
    "27": "google-cloud-cpp#7835: 308 without Range means nothing is there",
    "28": "itchio/butler#71: less was kept than was sent",
    "29": "getsentry/objectstore#609: the session is gone in the middle",
    "30": "learningequality/studio#5975: another digest than ours is never OK",
    "31": "wal-g#1277: a bucket from which nothing may be removed",
    "32": "wal-g#266: the connection breaks in the body",
    "33": "artifact-keeper#2611: one fetch of a token for all threads",
    "34": "pgbackrest#2839: a token service that answers with a page",
    "35": "pgbackrest 2cea005f7: a key file that is broken, and one that is replaced",
    "36": "talos-backup#64: no header is signed that changes on the way",
    "37": "fake-gcs-server#2260: the imposter itself",
}
TAGS = (
    re.compile(r"^\s*//.*?\b[Cc]ase (\d+b?)[,:.].*?(?:\b[Cc]ase (\d+b?)[,:.].*)?$"),
    re.compile(r"^TEST(?:_F|_P)?\(\w+, Case(\d+b?)[A-Z]"),
    re.compile(r"^\s*def test_case_(\d+b?)_"),
)


def tags_of(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for pattern in TAGS:
            if found := pattern.match(line):
                yield from ((number, case) for case in found.groups() if case)


def problems_of(source):
    found, problems = {}, []
    for path in sorted(source.joinpath("tests").rglob("*_test.*")):
        if path.suffix not in (".cc", ".py") or path.name == "cases_test.py":
            continue
        for number, case in tags_of(path):
            found.setdefault(case, []).append(path)
            if case not in CASES:
                problems.append(f"{path.relative_to(source)}:{number}: case {case} is none of ours")
    problems += [f"case {case} has no test: {what}" for case, what in CASES.items() if case not in found]
    return problems


def main():
    problems = problems_of(pathlib.Path(sys.argv[1]).resolve())
    print("\n".join(problems) or f"{len(CASES)} cases have their tests")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
