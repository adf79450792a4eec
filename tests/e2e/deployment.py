"""A stand-in for AWS as a process, the template that `make deploy` would use deployed into it, and the deployed system as its owner reaches it:
through AWS's own protocols."""

import fcntl
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from waiting import until

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
STACK = "Syncline"
# What the stand-in takes: it checks no signature.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
DEPLOY_S = 300


class Ministack:
    """The stand-in, with functions as its child processes. All of its files lie in the folder of the run."""

    def __init__(self, run):
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        self.host = f"localhost:{port}"
        self.log = run / "ministack.log"
        files = run / "ministack"
        files.mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            **CREDENTIALS,
            # Functions find AWS here; without it they would look for the real one.
            "AWS_ENDPOINT_URL": self.endpoint,
            "GATEWAY_PORT": str(port),
            # Nobody but this machine: it asks for no credentials.
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "S3_DATA_DIR": str(files / "s3"),
            "STATE_DIR": str(files / "state"),
            "TMPDIR": str(files),
        }
        # A group of its own, so that no function outlives it.
        self._process = subprocess.Popen(
            [Path(sys.executable).parent / "ministack"],
            env=environment,
            cwd=files,
            stdin=subprocess.DEVNULL,
            stdout=open(self.log, "w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            until("ministack answers", self._answers)
        except BaseException:
            self.close()
            raise

    def _answers(self):
        assert self._process.poll() is None, f"ministack ended; see {self.log}"
        try:
            return self.client("sts").get_caller_identity()["Account"]
        except (BotoCoreError, ClientError):
            return None

    def client(self, service):
        settings = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=settings,
        )

    def environment(self):
        """For a program that is to reach it as it would reach AWS."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": REGION}

    def processes_of(self, function):
        """The processes that run this function now."""
        found = []
        for process in self._group():
            try:
                environment = (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"AWS_LAMBDA_FUNCTION_NAME={function}".encode() in environment:
                found.append(int(process.name))
        return found

    def _group(self):
        """Its children, which run the functions."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                # After the name in brackets: state, parent, …
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == self._process.pid:
                yield process

    def close(self):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, sign)
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                break


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def synthesize(config, built, out, paused):
    """The template of `make deploy` for this config, as files."""
    infra = ROOT / "infra/aws"
    architecture = (built / "ARCHITECTURE").read_text().strip()
    context = {"config": config, "built": built, "arch": architecture, "stack": STACK, "paused": "yes" if paused else "no"}
    settings = [part for name, value in context.items() for part in ("-c", f"{name}={value}")]
    command = ["npx", "--no-install", "cdk", "synth", "--quiet", "--output", str(out), *settings]
    # The packages' folder is shared by all who synthesize in this tree.
    with open(infra / "target/synth.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(command, cwd=infra, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, f"cdk synth: {done.stdout}{done.stderr}"


def deploy(ministack, out):
    """Creates the stack, or updates it, as CloudFormation does for `cdk deploy`: assets to S3, then the template."""
    formation = ministack.client("cloudformation")
    bucket = publish(ministack, out)
    url = f"{ministack.endpoint}/{bucket}/{template_key(out)}"
    exists = STACK in {stack["StackName"] for stack in formation.describe_stacks()["Stacks"]}
    act = formation.update_stack if exists else formation.create_stack
    act(StackName=STACK, TemplateURL=url, Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"])

    def ended():
        status = formation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
        return None if status.endswith("IN_PROGRESS") else status

    status = until("the stack is deployed", ended, DEPLOY_S)
    failures = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
        for event in formation.describe_stack_events(StackName=STACK)["StackEvents"]
        if "FAILED" in event["ResourceStatus"]
    ]
    assert status == ("UPDATE_COMPLETE" if exists else "CREATE_COMPLETE"), f"{status}: {failures}"


def publish(ministack, out):
    """Puts what the template refers to, and the template itself, into the bucket that `cdk bootstrap` would have made; answers its name."""
    account = ministack.client("sts").get_caller_identity()["Account"]
    s3 = ministack.client("s3")
    # What the template asks for.
    ministack.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String", Overwrite=True)
    bucket = f"cdk-hnb659fds-assets-{account}-{REGION}"
    s3.create_bucket(Bucket=bucket)
    # Keys are made of what is behind them.
    known = {one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}
    for asset in json.loads((out / f"{STACK}.assets.json").read_text())["files"].values():
        for destination in asset["destinations"].values():
            source = out / asset["source"]["path"]
            if destination["objectKey"] not in known:
                body = zipped(source) if asset["source"]["packaging"] == "zip" else source.read_bytes()
                s3.put_object(Bucket=bucket, Key=destination["objectKey"], Body=body)
    return bucket


def template_key(out):
    """The key of the template among the assets."""
    assets = json.loads((out / f"{STACK}.assets.json").read_text())["files"].values()
    keys = [
        destination["objectKey"]
        for asset in assets
        if asset["source"]["path"] == f"{STACK}.template.json"
        for destination in asset["destinations"].values()
    ]
    assert len(keys) == 1, keys
    return keys[0]


def zipped(folder):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return memory.getvalue()


class Deployed:
    """The deployed system: functions, queues, secrets, schedules."""

    def __init__(self, ministack):
        self.ministack = ministack
        self.lambda_client = ministack.client("lambda")
        self.sqs = ministack.client("sqs")
        self.secrets = ministack.client("secretsmanager")
        self.scheduler = ministack.client("scheduler")
        formation = ministack.client("cloudformation")
        self.resources = formation.describe_stack_resources(StackName=STACK)["StackResources"]
        self.pull_function = self._function("FunctionsPull")
        configuration = self.lambda_client.get_function_configuration(FunctionName=self.pull_function)
        environment = configuration["Environment"]["Variables"]
        self.table = environment["SYNCLINE_TABLE"]
        self.secrets_prefix = environment["SYNCLINE_SECRETS_PREFIX"]
        self.queues = json.loads(environment["SYNCLINE_QUEUES"])

    def _function(self, logical):
        names = [
            resource["PhysicalResourceId"]
            for resource in self.resources
            if resource["ResourceType"] == "AWS::Lambda::Function" and resource["LogicalResourceId"].startswith(logical)
        ]
        assert len(names) == 1, f"{logical}: {names}"
        return names[0]

    def worker(self, connection):
        """The function that writes to a connection: the one that its queue feeds."""
        return self._mapping(connection)["FunctionArn"].rpartition(":")[2]

    def _mapping(self, connection):
        arn = self._queue_attribute(connection, "QueueArn")
        mappings = self.lambda_client.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
        assert len(mappings) == 1, mappings
        return mappings[0]

    def put_secret(self, connection, bundle):
        self.secrets.put_secret_value(SecretId=self.secrets_prefix + connection, SecretString=json.dumps(bundle))

    def run(self, event):
        """One run of the scheduled function, with the payload that a schedule gives it."""
        answer = self.lambda_client.invoke(FunctionName=self.pull_function, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, f"{event}: {payload}"
        return payload

    def pull(self, sync, side):
        """Reads one side to its end."""
        def read():
            pulled = self.run({"sync": sync, "side": side})["pulled"]
            return pulled if pulled["caught_up"] else None

        return until(f"the {side} side of {sync} is read to its end", read)

    def waiting(self, connection):
        """How many messages a connection's queue has: to be handed out, handed out, delayed."""
        return sum(int(self._queue_attribute(connection, name)) for name in (
            "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"))

    def send(self, connection, body):
        self.sqs.send_message(QueueUrl=self.queues[connection], MessageBody=body)

    def dead_letters(self, connection):
        """How many messages of a connection's queue were set aside."""
        url = self._dead_letter_queue(connection)
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def take_dead_letters(self, connection):
        """Takes what was set aside: each body, and how often it had been handed out before."""
        url, taken = self._dead_letter_queue(connection), []
        answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
        for message in answer.get("Messages", []):
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            # Without this time.
            taken.append((message["Body"], int(message["Attributes"]["ApproximateReceiveCount"]) - 1))
        return taken

    def _dead_letter_queue(self, connection):
        policy = json.loads(self._queue_attribute(connection, "RedrivePolicy"))
        return self.sqs.get_queue_url(QueueName=policy["deadLetterTargetArn"].rpartition(":")[2])["QueueUrl"]

    @contextmanager
    def one_batch(self, connection):
        """What is sent to a connection's queue while it holds is handed to its worker together, ten messages at most."""
        mapping = self._mapping(connection)["UUID"]
        self.lambda_client.update_event_source_mapping(UUID=mapping, Enabled=False)
        try:
            yield
        finally:
            self.lambda_client.update_event_source_mapping(UUID=mapping, Enabled=True)

    @contextmanager
    def returning_after(self, connection, seconds):
        """While it holds, what a worker does not finish comes again after so many seconds, not after the half hour of the template."""
        template = self._queue_attribute(connection, "VisibilityTimeout")
        self._hide(connection, str(seconds))
        try:
            yield
        finally:
            self._hide(connection, template)

    def _hide(self, connection, seconds):
        self.sqs.set_queue_attributes(QueueUrl=self.queues[connection], Attributes={"VisibilityTimeout": seconds})

    def _queue_attribute(self, connection, name):
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queues[connection], AttributeNames=[name])
        return answer["Attributes"][name]

    def schedules(self):
        """Every schedule, whole."""
        found = self.scheduler.list_schedules(GroupName=STACK)["Schedules"]
        return [self.scheduler.get_schedule(Name=schedule["Name"], GroupName=STACK) for schedule in found]

    def switch_schedules(self, state):
        """`ENABLED` or `DISABLED`, as an operator does it for a while."""
        kept = ("Name", "GroupName", "Description", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
        for schedule in self.schedules():
            self.scheduler.update_schedule(State=state, **{name: schedule[name] for name in kept if name in schedule})

    def knock(self, path, headers, body):
        """A request at the HTTP API, as a vendor sends it; answers the status."""
        api = next(one["PhysicalResourceId"] for one in self.resources if one["ResourceType"] == "AWS::ApiGatewayV2::Api")
        connection = http.client.HTTPConnection(self.ministack.endpoint.removeprefix("http://"), timeout=60)
        try:
            host = {"host": f"{api}.execute-api.{self.ministack.host}", "content-type": "application/json"}
            connection.request("POST", path, json.dumps(body), {**host, **headers})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def keep_logs(self, folder):
        """Writes what the functions have logged, each into a file."""
        logs = self.ministack.client("logs")
        folder.mkdir(exist_ok=True)
        for group in logs.describe_log_groups()["logGroups"]:
            name = group["logGroupName"]
            with open(folder / f"{name.strip('/').replace('/', '-')}.log", "w") as file:
                for stream in logs.describe_log_streams(logGroupName=name)["logStreams"]:
                    events = logs.get_log_events(logGroupName=name, logStreamName=stream["logStreamName"])["events"]
                    file.writelines(event["message"].rstrip("\n") + "\n" for event in events)
