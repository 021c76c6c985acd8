# Does the clock hold when what it wakes fails? The emulator accepts a state
# machine that AWS refuses, so what can be said of its text is said here.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_sns_topic.failsafe
  values = { arn = "arn:aws:sns:eu-west-1:123456789012:failsafe" }
}

variables {
  artifacts_dir          = "tests/artifacts"
  policy_file            = "tests/policies/channels.yaml"
  probes_file            = "tests/probes/none.yaml"
  failsafe_subscriptions = [{ protocol = "email", endpoint = "last@example.com" }]
}

run "every_task_is_tried_again_and_caught" {
  assert {
    condition = alltrue(flatten([
      for branch in jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches : [
        for state in values(branch.States) :
        state.Retry == [{ ErrorEquals = ["States.ALL"], IntervalSeconds = 2, BackoffRate = 2, MaxAttempts = 6, MaxDelaySeconds = 60, JitterStrategy = "FULL" }]
        && state.Catch[0].ErrorEquals == ["States.ALL"]
        if state.Type == "Task"
      ]
    ]))
    error_message = "A task without Retry or Catch would end both branches."
  }

  assert {
    condition = length(flatten([
      for branch in jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches : [for state in values(branch.States) : state if state.Type == "Task"]
    ])) == 4
    error_message = "In each branch there are two tasks: the function, and the failsafe."
  }
}

run "what_fails_for_good_is_told_to_the_failsafe_without_code_of_ours" {
  assert {
    condition = alltrue(flatten([
      for branch in jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches : [
        for state in values(branch.States) :
        branch.States[state.Catch[0].Next].Resource == "arn:aws:states:::sns:publish"
        && branch.States[state.Catch[0].Next].Parameters.TopicArn == "arn:aws:sns:eu-west-1:123456789012:failsafe"
        && strcontains(branch.States[state.Catch[0].Next].Parameters["Message.$"], "$.incident_id")
        && strcontains(branch.States[state.Catch[0].Next].Parameters["Message.$"], "$.failure")
        if try(state.Resource, "") == "arn:aws:states:::lambda:invoke"
      ]
    ]))
    error_message = "A function's Catch must lead to the SNS integration, and the message name the incident and the error."
  }

  # A subject of 100 characters or more is refused. The incident's id has 11, in
  # the place of the two braces.
  assert {
    condition = alltrue(flatten([
      for branch in jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches : [
        for state in values(branch.States) :
        length(regex("'(.*)'", state.Parameters["Subject.$"])[0]) + 9 < 100
        if try(state.Resource, "") == "arn:aws:states:::sns:publish"
      ]
    ]))
    error_message = "The subject is too long for SNS."
  }
}

run "a_branch_that_fails_ends_in_order" {
  assert {
    condition = alltrue(flatten([
      for branch in jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches : [
        for state in values(branch.States) : [
          for next in [state.Next, state.Catch[0].Next] :
          try(branch.States[next].Type == "Pass" && branch.States[next].Result.failed && branch.States[next].End, false)
        ]
        if try(state.Resource, "") == "arn:aws:states:::sns:publish"
      ]
    ]))
    error_message = "After the failsafe was told, or could not be told, the branch must end normally with failed = true: otherwise the other branch is stopped."
  }

  assert {
    condition = alltrue(flatten([
      for branch in jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches : [for state in values(branch.States) : state.Type != "Fail"]
    ]))
    error_message = "A Fail inside a branch stops the other."
  }

  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Next == "Did one fail?"
      && jsondecode(aws_sfn_state_machine.clock.definition).States["Did one fail?"].Choices[0].Next == "One failed"
      && jsondecode(aws_sfn_state_machine.clock.definition).States["One failed"].Type == "Fail"
      && toset(jsondecode(aws_sfn_state_machine.clock.definition).States["Did one fail?"].Choices[0].Or[*].Variable) == toset(["$[0].failed", "$[1].failed"])
    )
    error_message = "An execution of which a branch failed must count as failed."
  }
}

run "every_state_leads_somewhere" {
  assert {
    condition = alltrue(flatten([
      for branch in jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches : [
        for state in concat([{ Next = branch.StartAt }], values(branch.States)) : [
          for next in concat(
            [for to in [try(state.Next, null), try(state.Default, null)] : to if to != null],
            try(state.Choices[*].Next, []),
            try(state.Catch[*].Next, []),
          ) : contains(keys(branch.States), next)
        ]
      ]
    ]))
    error_message = "A state leads to one that is not there."
  }

  assert {
    condition = alltrue(flatten([
      for branch in jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches : [
        for state in values(branch.States) : length([for end in ["Next", "End", "Default"] : end if contains(keys(state), end)]) == 1
      ]
    ]))
    error_message = "A state must lead to exactly one other, or end."
  }

  # Step Functions wants names to be unique in the whole machine.
  assert {
    condition = length(distinct(flatten([
      for branch in jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches : keys(branch.States)
      ]))) == length(flatten([
      for branch in jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches : keys(branch.States)
    ]))
    error_message = "Two states have the same name."
  }
}

run "both_branches_have_the_same_shape" {
  assert {
    condition = (
      toset([for name in keys(jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches[0].States) : trimprefix(name, "Escalation: ")])
      == toset([for name in keys(jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches[1].States) : trimprefix(name, "Remediation: ") if name != "Remediation: wanted?"])
    )
    error_message = "The branches differ in more than whether there is anything to mend."
  }

  assert {
    condition = alltrue(flatten([
      for branch in jsondecode(aws_sfn_state_machine.clock.definition).States["Tell and mend"].Branches : [
        for name, state in branch.States : state.Parameters.Payload == { "incident_id.$" = "$.incident_id", "seq.$" = "$.seq" } && state.ResultPath == "$.tick"
        if endswith(name, ": tick")
      ]
    ]))
    error_message = "A tick is given the incident and the sequence number, and its answer must not replace them."
  }
}

run "it_logs_errors_without_what_alarms_say" {
  assert {
    condition     = one(aws_sfn_state_machine.clock.logging_configuration).level == "ERROR" && !one(aws_sfn_state_machine.clock.logging_configuration).include_execution_data && one(aws_sfn_state_machine.clock.tracing_configuration).enabled
    error_message = "Errors are logged without data, and executions are traced."
  }
}
