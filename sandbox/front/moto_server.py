"""moto in one process: its HTTP server for AWS calls, and a line protocol for what has no AWS call.

Start: python moto_server.py PORT. Each line on stdin is {"id", "do", "with"}; each line on stdout answers with
{"id", "result"} or {"id", "error"}. The process ends when stdin closes, so it never outlives the front.
"""

import json
import logging
import os
import sys

logging.getLogger("werkzeug").setLevel(logging.ERROR)
# The clients below talk to this very server; any credentials will do and none may be looked up.
os.environ.update(AWS_ACCESS_KEY_ID="seed", AWS_SECRET_ACCESS_KEY="seed", AWS_EC2_METADATA_DISABLED="true")
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)

import boto3  # noqa: E402
from moto.ecr.models import Image, ecr_backends  # noqa: E402
from moto.eks.models import eks_backends  # noqa: E402
from moto.iam.models import iam_backends  # noqa: E402
from moto.moto_server.threaded_moto_server import ThreadedMotoServer  # noqa: E402

PORT = int(sys.argv[1])
clients = {}
# Names only: to make real subnets would load all of EC2 before the front can answer.
CLUSTER_SUBNETS = ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"]


def client(service, region):
    if (service, region) not in clients:
        clients[service, region] = boto3.client(service, region_name=region, endpoint_url=f"http://127.0.0.1:{PORT}")
    return clients[service, region]


def reset(_):
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{PORT}/moto-api/reset", method="POST")).read()


def seed(world):
    """Creates what does not exist yet; every part of `world` is optional but account and region."""
    region = world["region"]
    for provider in world.get("providers", []):
        client("iam", region).create_open_id_connect_provider(
            Url=provider["url"], ClientIDList=provider["clientIds"], ThumbprintList=["0" * 40]
        )
    for role in world.get("roles", []):
        seed_role(client("iam", region), role)
    for repository in world.get("repositories", []):
        client("ecr", region).create_repository(
            repositoryName=repository["name"],
            imageTagMutability=repository.get("mutability", "IMMUTABLE"),
            imageScanningConfiguration={"scanOnPush": repository.get("scanOnPush", True)},
        )
    for cluster in world.get("clusters", []):
        seed_cluster(world["account"], region, cluster)
    for balancer in world.get("loadBalancers", []):
        seed_load_balancer(world["account"], region, balancer)


def seed_role(iam, role):
    iam.create_role(
        RoleName=role["name"], AssumeRolePolicyDocument=json.dumps(role["trust"]), MaxSessionDuration=role.get("maxSession", 3600)
    )
    for name, policy in role.get("policies", {}).items():
        iam.put_role_policy(RoleName=role["name"], PolicyName=name, PolicyDocument=json.dumps(policy))


def seed_cluster(account, region, cluster):
    client("eks", region).create_cluster(
        name=cluster["name"],
        version=cluster["version"],
        roleArn=cluster["roleArn"],
        resourcesVpcConfig={"subnetIds": CLUSTER_SUBNETS},
    )
    stored = eks_backends[account][region].clusters[cluster["name"]]
    stored.endpoint = cluster["endpoint"]
    stored.certificate_authority = {"data": cluster["certificateAuthority"]}


def seed_load_balancer(account, region, balancer):
    from moto.elbv2.models import elbv2_backends

    elb = client("elbv2", region)
    subnets = [s["SubnetId"] for s in client("ec2", region).describe_subnets()["Subnets"]][:2]
    made = elb.create_load_balancer(Name=balancer["name"], Subnets=subnets)["LoadBalancers"][0]
    elbv2_backends[account][region].load_balancers[made["LoadBalancerArn"]].dns_name = balancer["dnsName"]


def role(asked):
    backend = iam_backends[asked["account"]]["aws"]
    found = next((r for r in backend.roles.values() if r.name == asked["name"]), None)
    if found is None:
        return None
    documents = {name: json.loads(text) for name, text in found.policies.items()}
    for arn, policy in found.managed_policies.items():
        documents[arn] = json.loads(policy.document)
    return {
        "arn": found.arn,
        "id": found.id,
        "maxSession": found.max_session_duration or 3600,
        "trust": json.loads(found.assume_role_policy_document),
        "policies": documents,
    }


def provider(asked):
    """Client ids of the OIDC provider of an issuer host, or None."""
    for arn, found in iam_backends[asked["account"]]["aws"].open_id_providers.items():
        if arn.endswith(":oidc-provider/" + asked["host"]):
            return {"arn": arn, "clientIds": list(found.client_id_list)}
    return None


def managed_policy(asked):
    found = iam_backends[asked["account"]]["aws"].managed_policies.get(asked["arn"])
    return json.loads(found.document) if found else None


def repository(asked):
    found = ecr_backends[asked["account"]][asked["region"]].repositories.get(asked["name"])
    if found is None:
        return None
    return {
        "mutability": str(getattr(found.image_tag_mutability, "value", found.image_tag_mutability)),
        "exclusions": [f["filter"] for f in found.image_tag_mutability_exclusion_filters or []],
        "scanOnPush": bool((found.image_scanning_configuration or {}).get("scanOnPush")),
    }


def image(asked):
    """One image by tag or digest: digest, media type, manifest text and tags, or None."""
    found = ecr_backends[asked["account"]][asked["region"]].repositories.get(asked["repository"])
    for candidate in found.images if found else []:
        if asked["reference"] == candidate.image_digest or asked["reference"] in candidate.image_tags:
            return {
                "digest": candidate.image_digest,
                "mediaType": candidate.image_manifest_media_type,
                "manifest": candidate.image_manifest,
                "tags": candidate.image_tags,
            }
    return None


def images(asked):
    """All images of a repository, in the order in which they were pushed."""
    found = ecr_backends[asked["account"]][asked["region"]].repositories.get(asked["repository"])
    return [
        {
            "digest": one.image_digest,
            "mediaType": one.image_manifest_media_type,
            "manifest": one.image_manifest,
            "tags": one.image_tags,
            "pushedAt": one.image_pushed_at * 1000,
        }
        for one in (found.images if found else [])
    ]


def tags(asked):
    found = ecr_backends[asked["account"]][asked["region"]].repositories.get(asked["repository"])
    return sorted(tag for one in (found.images if found else []) for tag in one.image_tags)


def put_image(asked):
    """What a manifest that landed in the data plane leaves in the control plane: as ECR, a tag that moves leaves its image.

    The front has decided on immutability already, so this does not go through moto's PutImage, which knows less of it.
    """
    images = ecr_backends[asked["account"]][asked["region"]].repositories[asked["repository"]].images
    digest, tag = asked["digest"], asked.get("tag")
    for other in images:
        if tag in other.image_tags and other.image_digest != digest:
            other.remove_tag(tag)
            other.image_tag = other.image_tags[-1] if other.image_tags else None
    found = next((one for one in images if one.image_digest == digest), None)
    if found is None:
        images.append(Image(asked["account"], tag, asked["manifest"], asked["repository"], asked["mediaType"], digest))
    elif tag:
        found.update_tag(tag)


def target_group(asked):
    """ARN of a target group of IP targets, made when it is new."""
    from moto.elbv2.models import elbv2_backends

    elb = client("elbv2", asked["region"])
    for group in elbv2_backends[asked["account"]][asked["region"]].target_groups.values():
        if group.name == asked["name"]:
            return group.arn
    return elb.create_target_group(
        Name=asked["name"],
        Protocol="HTTP",
        Port=asked["port"],
        TargetType="ip",
        VpcId=client("ec2", asked["region"]).describe_vpcs()["Vpcs"][0]["VpcId"],
        HealthCheckPath=asked["path"],
        HealthCheckIntervalSeconds=max(5, asked["intervalSeconds"]),
        HealthyThresholdCount=asked["healthyAfter"],
        UnhealthyThresholdCount=asked["unhealthyAfter"],
    )["TargetGroups"][0]["TargetGroupArn"]


def alarm(asked):
    """Sets the state of a metric alarm, which is made when it is new."""
    watch = client("cloudwatch", asked["region"])
    if not watch.describe_alarms(AlarmNames=[asked["name"]])["MetricAlarms"]:
        watch.put_metric_alarm(
            AlarmName=asked["name"],
            Namespace="AWS/ApplicationELB",
            MetricName="HTTPCode_Target_5XX_Count",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
        )
    watch.set_alarm_state(AlarmName=asked["name"], StateValue=asked["state"], StateReason=asked.get("reason", "set by a test"))


WHAT = {
    f.__name__: f
    for f in (reset, seed, role, provider, managed_policy, repository, image, images, tags, put_image, target_group, alarm)
}


def main():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=PORT, verbose=False)
    server.start()
    answers, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"id": asked["id"], "result": WHAT[asked["do"]](asked.get("with", {}))}
        except Exception as error:  # whatever went wrong is the asker's to report
            answer = {"id": asked["id"], "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


main()
