"""A case whose sink is an object store that speaks TLS: the imposter of tests/s3, or what tests/s3/store_fixture.sh has started."""

import os
import sys
import uuid

import pg_tools as tools

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "s3"))


class StoreCase(tools.Case):
    def use(self, endpoint, bucket, region, access_key, secret_key, ca_file, **more):
        """From now on self.sink is a place of its own there; what the sink has to know stands in a file."""
        options = {"endpoint": endpoint, "region": region, "access_key_id": access_key, "secret_access_key": secret_key, **more}
        with open(ca_file, encoding="ascii") as file:
            certificate = file.read()
        options["ca_file"] = self.owned("ca.pem", certificate)
        self.options = self.owned("options", "".join(f"{name} = {value}\n" for name, value in options.items()))
        self.sink = f"s3://{bucket}/{uuid.uuid4().hex[:12]}"

    def use_imposter(self, *arguments):
        """An imposter of its own that fails now and then."""
        import imposter_tools
        os.makedirs(self.path("tls"))
        certificates = imposter_tools.make_certificates(self.path("tls"))
        imposter = imposter_tools.Imposter("--rate", "all=0.01,rotate=0", "--stall-ms", "1500", "--retry-after-s", "1", *arguments,
                                           certificates=certificates)
        self.addCleanup(imposter.close)
        self.use(imposter.endpoint, imposter_tools.BUCKET, "us-east-1", imposter_tools.ACCESS_KEY, imposter_tools.SECRET_KEY,
                 certificates["ca"], stall_timeout_ms="1000", multipart_threshold="1MiB", multipart_part_size="5MiB")
        return imposter

    def use_store(self, through=lambda endpoint: endpoint):
        """The store of STORE_RECORD. `through` gives the endpoint that is used instead."""
        with open(os.environ["STORE_RECORD"], encoding="ascii") as file:
            record = dict(line.rstrip("\n").split("=", 1) for line in file)
        self.use(through(record["S3_ENDPOINT_TLS"]), record["S3_BUCKET"], record["S3_REGION"], record["AWS_ACCESS_KEY_ID"],
                 record["AWS_SECRET_ACCESS_KEY"], record["S3_CA_FILE"])

    def owned(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(self.path(name), 0o600)
        os.chown(self.path(name), tools.UID, tools.GID)
        return self.path(name)
