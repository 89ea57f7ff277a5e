import { readFileSync } from 'node:fs'

import { describe, expect, test } from '@jest/globals'

import { contracts } from '../../src/actions/contracts.ts'
import type { ActionContract } from '../../src/runtime/contract.ts'
import type { Mapping } from '../support/workflow-files.ts'
import { mapping, outputsUsed, readYaml, sequence, workflowInputs, yamlFilesIn } from '../support/workflow-files.ts'

const byName = new Map<string, ActionContract>(contracts.map(contract => [contract.name, contract]))

interface Step {
  readonly file: string
  readonly id: string
  readonly action: string
  readonly with: Mapping
  readonly permissions: Mapping | undefined
}

/** Steps that use one of our actions by `$/actions/…`. */
function ownSteps(file: string, steps: unknown, permissions?: Mapping): readonly Step[] {
  return sequence(steps).flatMap(step => {
    const action = /^\$\/actions\/([\w-]+)$/.exec(String(step['uses'] ?? ''))?.[1]
    return action === undefined
      ? []
      : [{ file, id: String(step['id'] ?? ''), action, with: mapping(step['with']), permissions }]
  })
}

const workflows = yamlFilesIn('.github/workflows')
const composite = 'actions/build-scan/action.yml'
const inWorkflows = workflows.flatMap(file =>
  Object.values(mapping(readYaml(file)['jobs'])).flatMap(job =>
    ownSteps(file, mapping(job)['steps'], mapping(mapping(job)['permissions'])),
  ),
)
const steps = [...inWorkflows, ...ownSteps(composite, mapping(readYaml(composite)['runs'])['steps'])]

/** Inputs and outputs of one of our actions, whether it is a program or a composite. */
function offered(action: string): { readonly inputs: readonly string[]; readonly outputs: readonly string[] } {
  const metadata = readYaml(`actions/${action}/action.yml`)
  return { inputs: Object.keys(mapping(metadata['inputs'])), outputs: Object.keys(mapping(metadata['outputs'])) }
}

describe.each(steps.map(step => [`${step.file}: ${step.action}`, step] as const))('%s', (_, step) => {
  test('is given inputs that it has', () => {
    expect(offered(step.action).inputs).toEqual(expect.arrayContaining(Object.keys(step.with)))
  })

  test('is asked for outputs that it has', () => {
    const asked = outputsUsed(readFileSync(step.file, 'utf8'), 'steps').filter(({ id }) => id === step.id)
    expect(offered(step.action).outputs).toEqual(expect.arrayContaining(asked.map(({ output }) => output)))
  })
})

describe.each(inWorkflows.map(step => [`${step.file}: ${step.action}`, step] as const))('%s', (_, step) => {
  test('runs in a job with the permissions that it names', () => {
    const parts = step.action === 'build-scan' ? ['build-push', 'scan'] : [step.action]
    for (const part of parts) {
      for (const [name, { level }] of Object.entries(byName.get(part)?.permissions ?? {})) {
        // A comment and a check are what a workflow may do without.
        if (name === 'pull-requests' && step.with['comment'] === 'off') continue
        if (name === 'checks' && step.with['check'] === 'off') continue
        expect([level, 'write']).toContain(step.permissions?.[name])
      }
    }
  })
})

describe('the composite build-scan', () => {
  test('has inputs that its parts know, and leaves their defaults to them', () => {
    const known = new Set(['build-push', 'scan'].flatMap(part => Object.keys(byName.get(part)?.inputs ?? {})))
    for (const [name, input] of Object.entries(mapping(readYaml(composite)['inputs']))) {
      expect(known).toContain(name)
      const usual = ['build-push', 'scan'].map(part => byName.get(part)?.inputs[name]?.default)
      expect(['', undefined, ...usual]).toContain(mapping(input)['default'])
    }
  })
})

describe.each(yamlFilesIn('workflows'))('the starter %s', file => {
  const calls = Object.values(mapping(readYaml(file)['jobs']))
    .map(mapping)
    .filter(job => typeof job['uses'] === 'string')

  test('calls a workflow of ours', () => {
    expect(calls.length).toBeGreaterThan(0)
    for (const job of calls) expect(workflows).toContain(calledBy(job))
  })

  test('gives it inputs that it has, and the permissions that its jobs need', () => {
    for (const job of calls) {
      const called = readYaml(calledBy(job))
      expect(Object.keys(workflowInputs(called))).toEqual(expect.arrayContaining(Object.keys(mapping(job['with']))))
      for (const inner of Object.values(mapping(called['jobs'])).map(mapping)) {
        for (const [name, level] of Object.entries(mapping(inner['permissions']))) {
          expect([level, 'write']).toContain(mapping(job['permissions'])[name])
        }
      }
    }
  })
})

function calledBy(job: Mapping): string {
  return String(job['uses'])
    .replace(/^OWNER\/slipway\//, '')
    .replace(/@v\d+$/, '')
}
