"""What the classifier is compared with: the same AWS calls with botocore.

Loads an alarm's rows, stores it with its incident in one transaction, and starts
the incident's clock; an alarm that is known already is counted. It reads no policy
and judges nothing. The loop is the least that speaks the Runtime API, and spares it
what AWS's own client for Python costs. Takes the state machine's ARN as argument.
"""

import hashlib
import http.client
import json
import os
import sys
import time
import uuid

import botocore.session

TABLE = os.environ["WATCHKEEPER_TABLE"]
STATE_MACHINE = sys.argv[1]

# Clients outside the handler, as is usual.
session = botocore.session.get_session()
dynamodb = session.create_client("dynamodb")
sfn = session.create_client("stepfunctions")


def put(pk, sk, version, doc, **attributes):
    item = {"pk": {"S": pk}, "sk": {"S": sk}, "v": {"N": str(version)}, "doc": {"S": json.dumps(doc)}}
    item.update((name, {"S": value}) for name, value in attributes.items())
    return {"TableName": TABLE, "Item": item}


def new(pk, sk, doc, **attributes):
    return {"Put": put(pk, sk, 1, doc, **attributes) | {"ConditionExpression": "attribute_not_exists(pk)"}}


def handle(event):
    detail = event["detail"]
    state = detail["state"]
    alarm = hashlib.sha256(event["resources"][0].encode()).hexdigest()[:32]
    group = "alertname=" + detail["alarmName"]
    keys = [("CONTROL", "STATE"), ("ALERT#" + alarm, "STATE"), ("GROUP#" + group, "OPEN")]
    wanted = {"Keys": [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys], "ConsistentRead": True}
    found = dynamodb.batch_get_item(RequestItems={TABLE: wanted})["Responses"][TABLE]
    known = next((row for row in found if row["pk"]["S"] == "ALERT#" + alarm), None)
    if known:
        version, record = int(known["v"]["N"]), json.loads(known["doc"]["S"])
        if record["history"][-1] == [state["value"], state["timestamp"]]:
            record["n_ignored"] += 1
            row = put("ALERT#" + alarm, "STATE", version + 1, record, incident_id=record["incident"])
            dynamodb.put_item(
                **row, ConditionExpression="v = :v", ExpressionAttributeValues={":v": {"N": str(version)}}
            )
            return {"alerts": 1}
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    incident = str(uuid.uuid4())
    record = {"alert": event, "incident": incident, "history": [[state["value"], state["timestamp"]]], "n_ignored": 0}
    opened = {"id": incident, "group": group, "alerts": [alarm], "opened_at": now, "priority": "P1", "status": "open"}
    entry = {"at": now, "text": detail["alarmName"] + " fires", "because": [state["reason"]]}
    dynamodb.transact_write_items(
        TransactItems=[
            new("ALERT#" + alarm, "STATE", record, incident_id=incident),
            new("GROUP#" + group, "OPEN", {"group": group, "incident": incident}),
            new("INC#" + incident, "META", opened, open="OPEN", wake_at=now, opened_at=now),
            {"Put": put("INC#" + incident, "TIMELINE#" + now, 1, entry)},
        ]
    )
    clock = json.dumps({"incident_id": incident, "seq": 0, "not_before": now, "remediation": False})
    sfn.start_execution(stateMachineArn=STATE_MACHINE, name=incident + "-0", input=clock)
    print(json.dumps({"level": "INFO", "alarm_name": detail["alarmName"], "incident_id": incident}), flush=True)
    return {"alerts": 1}


def serve():
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        response = api.getresponse()
        invocation = "/2018-06-01/runtime/invocation/" + response.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.load(response)
        try:
            answer, path = handle(event), invocation + "/response"
        except Exception as error:
            answer, path = {"errorType": type(error).__name__, "errorMessage": str(error)}, invocation + "/error"
        api.request("POST", path, json.dumps(answer), {"Content-Type": "application/json"})
        api.getresponse().read()


serve()
