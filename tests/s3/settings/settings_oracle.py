#!/usr/bin/env python3
"""Compares what the S3 sink makes of the environment and of the shared files with what AWS's own tools make of them: a
table of files, variables and what is expected by nobody here, but by botocore, in the version of its own and in the one
inside the AWS command line, whichever is installed. Asks no network. SETTINGS_PROGRAM prints our side.

Without either the test is skipped (77).
"""

import json
import os
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
KEYS = "aws_access_key_id = ID{0}\naws_secret_access_key = secret{0}\n"


def case(name, config=None, credentials=None, profile=None, region=None, only=None, **variables):
    """`only`: what an oracle has to know to be asked: "endpoints", "cli" (its order of variables)."""
    return {"name": name, "config": config, "credentials": credentials, "profile": profile, "region": region,
            "only": only, "variables": variables}


def parsing_cases():
    plain = "[default]\n" + KEYS.format("")
    yield case("nothing at all")
    yield case("plain", credentials=plain)
    yield case("indented", credentials="[default]\n  aws_access_key_id = ID\n  aws_secret_access_key = S\n")
    yield case("indented by tabs", credentials="[default]\n\taws_access_key_id=ID\n\taws_secret_access_key=S\n")
    yield case("an indented section", credentials="  [default]\n  aws_access_key_id = ID\n  aws_secret_access_key = S\n")
    yield case("back to the margin", credentials="[default]\n    aws_access_key_id = ID\naws_secret_access_key = S\n")
    yield case("deeper at the second", credentials="[default]\naws_access_key_id = ID\n  aws_secret_access_key = S\n")
    yield case("colons", credentials="[default]\naws_access_key_id: ID\naws_secret_access_key : S=a:b\n")
    yield case("capitals", credentials="[default]\nAWS_ACCESS_KEY_ID = ID\nAws_Secret_Access_Key = S\n")
    yield case("CRLF", credentials=plain.replace("\n", "\r\n"))
    yield case("CR", credentials=plain.replace("\n", "\r"))
    yield case("comments", credentials="# a\n; b\n[default]\n  # c\naws_access_key_id = ID\n; d\n"
               "   ; e\naws_secret_access_key = S # part of it\n")
    yield case("after the bracket", credentials="[default] # comment\n" + KEYS.format(""))
    yield case("no section", credentials=KEYS.format(""))
    yield case("no value", credentials="[default]\naws_access_key_id\n")
    yield case("no name", credentials="[default]\n= x\n")
    yield case("half", credentials="[default]\naws_access_key_id = ID\n")
    yield case("a token", credentials=plain + "aws_session_token = t\n")
    yield case("a token's old name", credentials=plain + "aws_security_token = t\n")
    yield case("DEFAULT", credentials="[DEFAULT]\n" + KEYS.format("D") + "[other]\nregion = r-1\n", profile="other")
    yield case("DEFAULT alone", credentials="[DEFAULT]\n" + KEYS.format("D"))
    yield case("a prefix in the credentials file", credentials="[profile a]\n" + KEYS.format(""), profile="a")
    yield case("quotes in the credentials file", credentials="[\"a\"]\n" + KEYS.format(""), profile="a")
    yield case("config only", config=plain)
    yield case("config of a profile", config="[profile a]\n" + KEYS.format("A"), profile="a")
    yield case("config without the prefix", config="[a]\n" + KEYS.format("A"), profile="a")
    yield case("quoted name", config="[profile \"a b\"]\n" + KEYS.format("A"), profile="a b")
    yield case("single quotes", config="[profile 'a b']\n" + KEYS.format("A"), profile="a b")
    yield case("a backslash", config="[profile a\\ b]\n" + KEYS.format("A"), profile="a b")
    yield case("two words", config="[profile a b]\n" + KEYS.format("A"), profile="a")
    yield case("tabs in the header", config="[profile\ta]\n" + KEYS.format("A"), profile="a")
    yield case("an open quote", config="[profile \"a]\n" + KEYS.format("A"), profile="a")
    yield case("both files", config="[profile a]\nregion = eu-west-1\n" + KEYS.format("C"),
               credentials="[a]\nregion = eu-west-2\n" + KEYS.format("K"), profile="a")
    yield case("nested settings", config="[default]\nregion = eu-west-1\ns3 =\n  addressing_style = path\n"
               "  region = nested\noutput = json\n")
    yield case("nested with a gap", config="[default]\ns3 =\n\n  # x\n    addressing_style=virtual\n\nregion = eu-west-1\n")
    yield case("nested and wrong", config="[default]\ns3 =\n  addressing_style\nregion = eu-west-1\n")
    yield case("two lines", config="[default]\nregion = eu-west-1\n  and more\n")
    yield case("a section that is a value", credentials="[default]\naws_access_key_id = ID\n"
               "aws_secret_access_key = S\n  [other]\n", profile="other")


def precedence_cases():
    files = {"config": "[default]\nregion = eu-west-1\n[profile p]\nregion = eu-west-2\n[profile q]\nregion = eu-west-3\n",
             "credentials": "[p]\n" + KEYS.format("P") + "[q]\n" + KEYS.format("Q")}
    yield case("AWS_PROFILE", **files, AWS_PROFILE="p")
    yield case("AWS_DEFAULT_PROFILE", **files, AWS_DEFAULT_PROFILE="q")
    yield case("both profiles", **files, only="cli", AWS_PROFILE="p", AWS_DEFAULT_PROFILE="q")
    yield case("a profile that is not there", **files, AWS_PROFILE="typo")
    yield case("default that is not there", AWS_PROFILE="default")
    yield case("a profile of the caller", **files, profile="p", AWS_PROFILE="q")
    yield case("keys of the environment", **files, AWS_PROFILE="p", AWS_ACCESS_KEY_ID="E", AWS_SECRET_ACCESS_KEY="e")
    yield case("and a profile of the caller", **files, profile="p", AWS_ACCESS_KEY_ID="E", AWS_SECRET_ACCESS_KEY="e")
    yield case("half of the environment", **files, AWS_ACCESS_KEY_ID="E")
    yield case("a profile without keys", **files, AWS_PROFILE="default")
    yield case("AWS_DEFAULT_REGION", **files, AWS_DEFAULT_REGION="eu-north-1")
    yield case("AWS_REGION", **files, only="cli", AWS_REGION="eu-south-1", AWS_DEFAULT_REGION="eu-north-1")
    bundle = {"config": "[default]\nca_bundle = /profile.pem\n"}
    yield case("ca_bundle", **bundle)
    yield case("AWS_CA_BUNDLE", **bundle, AWS_CA_BUNDLE="/variable.pem")
    for style in ("auto", "virtual", "path", "sideways"):
        yield case(f"addressing_style {style}", config=f"[default]\ns3 =\n  addressing_style = {style}\n")
    url = "https://{}.example"
    for level in range(1, 6):
        variables = {"AWS_ENDPOINT_URL_S3": url.format("s3.variable"), "AWS_ENDPOINT_URL_STS": url.format("sts.variable")}
        more = {"AWS_ENDPOINT_URL": url.format("variable")}
        profile = "[default]\nendpoint_url = https://profile.example\n"
        services = ("services = s\n[services s]\ns3 =\n  endpoint_url = https://s3.services.example\n"
                    "sts =\n  endpoint_url = https://sts.services.example/path\n")
        yield case(f"endpoints, {level} of them", only="endpoints", region="us-east-2",
                   config=profile + (services if level >= 3 else "") if level >= 2 else "",
                   **(variables if level >= 5 else {}), **(more if level >= 4 else {}))
    yield case("an endpoint of the credentials file", only="endpoints", region="us-east-2", config="[default]\nendpoint_url = https://a.example\n",
               credentials="[default]\nendpoint_url = https://b.example\n")
    yield case("services that are not there", only="endpoints", region="us-east-2", config="[default]\nservices = s\n")
    yield case("a service that is not there", only="endpoints", region="us-east-2",
               config="[default]\nservices = s\nendpoint_url = https://a.example\n[services s]\nec2 =\n  endpoint_url = x\n")
    for ignore in ("true", "TRUE", "false", "1"):
        yield case(f"endpoints ignored: {ignore}", only="endpoints", region="us-east-2", config="[default]\nendpoint_url = https://a.example\n",
                   AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=ignore)
    yield case("endpoints ignored by the profile", only="endpoints", region="us-east-2", AWS_ENDPOINT_URL="https://a.example",
               config="[default]\nignore_configured_endpoint_urls = true\n")
    yield case("a path", only="endpoints", region="us-east-2", AWS_ENDPOINT_URL_S3="https://host/storage/v1/s3/")
    yield case("an address and virtual", only="endpoints", region="us-east-2", AWS_ENDPOINT_URL_S3="https://127.0.0.1:9000",
               config="[default]\ns3 =\n  addressing_style = virtual\n")
    yield case("a host and virtual", only="endpoints", region="us-east-2", AWS_ENDPOINT_URL_S3="https://store:9000",
               config="[default]\ns3 =\n  addressing_style = virtual\n")


def host_cases():
    regions = ("us-east-2", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1",
               "us-isof-south-1", "eusc-de-east-1")
    for region in regions:
        for fips in ("true", "false"):
            for dual in ("true", "false"):
                yield case(f"hosts of {region}, {fips}, {dual}", region=region, only="hosts",
                           AWS_USE_FIPS_ENDPOINT=fips, AWS_USE_DUALSTACK_ENDPOINT=dual)
    yield case("FIPS of a profile", config="[default]\nuse_fips_endpoint = true\n", region="us-west-1", only="hosts")
    yield case("FIPS by the region's name", region="fips-us-gov-west-1", only="hosts")
    yield case("dual stack of s3", config="[default]\ns3 =\n  use_dualstack_endpoint = true\n", region="us-west-1",
               only="hosts")
    yield case("the variable first", config="[default]\nuse_fips_endpoint = true\n", region="us-west-1", only="hosts",
               AWS_USE_FIPS_ENDPOINT="false")


CASES = [*parsing_cases(), *precedence_cases(), *host_cases()]


class Place:
    """A home with a case's files, and its environment."""

    def __init__(self, one):
        self.home = tempfile.TemporaryDirectory(prefix="tidemark-settings-")
        aws = os.path.join(self.home.name, ".aws")
        os.mkdir(aws)
        for name in ("config", "credentials"):
            if one[name] is not None:
                with open(os.path.join(aws, name), "w", newline="", encoding="utf-8") as file:
                    file.write(one[name])
        self.environment = {"HOME": self.home.name, "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true",
                            "LC_ALL": "C.UTF-8", **one["variables"]}


def expectations(name):
    """What the botocore of module `name` makes of each case; None where it does not know what the case is about."""
    import importlib
    session_of = importlib.import_module(name + ".session").Session
    provider = importlib.import_module(name + ".configprovider")
    knows = {"endpoints": hasattr(provider, "ConfiguredEndpointProvider"), "cli": name.startswith("awscli"),
             "hosts": hasattr(importlib.import_module(name + ".endpoint_provider"), "EndpointProvider")}
    rules = importlib.import_module(name + ".loaders").create_loader().load_data("partitions")
    partitions = [partition["regionRegex"] for partition in rules["partitions"]]
    found = []
    for one in CASES:
        if one["only"] and not knows[one["only"]]:
            found.append(None)
            continue
        place = Place(one)
        os.environ.clear()
        os.environ.update(place.environment)
        # A partition that came after this version.
        is_known = one["only"] != "hosts" or not one["region"] or any(
            region_is_of(partition, one["region"]) for partition in partitions)
        found.append(expect_one(session_of, one) if is_known else None)
    return found


def region_is_of(partition, region):
    return re.match(partition, region.removeprefix("fips-")) is not None


def attempt(what):
    try:
        return what() or ""
    except Exception as error:  # pylint: disable=broad-except
        return f"error: {type(error).__name__}: {error}"


def expect_one(session_of, one):
    def session():
        return session_of(profile=one["profile"])

    def client_url(service, ask):
        class Asked(Exception):
            """Nothing is sent."""

        def stop(request, **_):
            raise Asked(request.url)

        client = session().create_client(service, region_name=one["region"], aws_access_key_id="a",
                                         aws_secret_access_key="b")
        client.meta.events.register("before-send", stop)
        try:
            ask(client)
        except Asked as asked:
            return str(asked).split("?", maxsplit=1)[0]
        raise AssertionError("nobody was asked")

    def credentials():
        return session().get_credentials()

    keys = attempt(credentials)
    expected = {"error": keys if isinstance(keys, str) and keys else "" if keys else "error: no credentials"}
    if not isinstance(keys, str):
        expected.update(access_key=keys.access_key, secret_key=keys.secret_key, token=keys.token or "")
    for name in ("ca_bundle",) if one["region"] else ("region", "ca_bundle"):
        expected[name] = attempt(lambda: session().get_config_variable(name))
    expected["addressing_style"] = attempt(
        lambda: (session().get_scoped_config().get("s3") or {}).get("addressing_style"))
    if one["only"] in ("hosts", "endpoints"):
        expected["s3_url"] = attempt(lambda: client_url("s3", lambda c: c.get_object(Bucket="bucket", Key="key")))
        expected["sts_url"] = attempt(lambda: client_url("sts", lambda c: c.get_caller_identity()))
    return expected


def ours(one):
    place = Place(one)
    arguments = [os.environ["SETTINGS_PROGRAM"]]
    for name in ("profile", "region"):
        if one[name]:
            arguments += ["--" + name, one[name]]
    text = subprocess.run(arguments, env={**place.environment, **sanitizer_environment()}, check=True,
                          capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in text.splitlines())


def sanitizer_environment():
    return {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}


def is_same(key, expected, got):
    if expected.startswith("error"):
        # Versions disagree about dual stack in small partitions, and what is wrong in a file costs us that part only.
        return got.startswith("error") or "DualStack" in expected or "dualstack" in expected or not key.endswith("url")
    if key.endswith("url"):
        return got.rstrip("/") == expected.rstrip("/")
    if "\n" in expected or expected == "sideways":  # taken for what it is by nobody
        return got == "" or got.startswith("error")
    return got == expected


def compare(name, expected_cases):
    problems, compared = [], 0
    for one, expected in zip(CASES, expected_cases):
        if expected is None:
            continue
        got = ours(one)
        for key, value in expected.items():
            compared += 1
            if key == "error":
                if bool(value) != bool(got["error"]):
                    problems.append(f"{name}, {one['name']}: credentials: {value or 'fine'} | {got['error'] or 'fine'}")
            elif not is_same(key, value, got.get(key, "")):
                problems.append(f"{name}, {one['name']}: {key}: {value} | {got.get(key, '')}")
    return problems, compared


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--expect":
        json.dump(expectations(sys.argv[2]), sys.stdout)
        return 0
    problems, oracles = [], 0
    for interpreter in (sys.executable, "/usr/bin/python3"):
        for module in ("awscli.botocore", "botocore"):
            answer = subprocess.run([interpreter, __file__, "--expect", module], capture_output=True, text=True, check=False)
            if answer.returncode != 0:
                if "ModuleNotFoundError" not in answer.stderr and "No such file" not in answer.stderr:
                    print(answer.stderr)
                    return 1
                continue
            oracles += 1
            more, compared = compare(f"{interpreter} {module}", json.loads(answer.stdout))
            print(f"{interpreter} {module}: {compared} values compared")
            problems += more
    for problem in problems:
        print(problem)
    if oracles == 0:
        print("neither botocore nor the AWS command line is installed")
        return SKIPPED
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
