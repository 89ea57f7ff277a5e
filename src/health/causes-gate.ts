import { because, contradiction, image, terminal, waiting } from './wording.ts'
import type { CauseEntry } from './wording.ts'

/** What the gate and the release say of themselves: not a finding about an object. */
export const gateCauses = {
  'apply-refused': terminal(
    'policy',
    facts => `the API server refused a write half-way${because(facts)}`,
    'Its dry run had accepted the set, so something changed meanwhile (quota, admission, another writer): deploy again.',
  ),
  'not-applied': waiting(
    'platform',
    0,
    facts => `nothing applied ${image(facts)} within ${facts['seconds'] ?? ''} s${because(facts)}`,
    'Look at what should apply it: the sync status in Argo CD or Flux, or the step that runs helm or kubectl.',
  ),
  'permission-lost': contradiction(
    'policy',
    facts => `the gate may not read what it needs${because(facts)}`,
    'Grant the deploying role list and watch on the resource that the text names.',
  ),
  'api-unreachable': contradiction(
    'network',
    facts => `the API server did not answer for ${facts['seconds'] ?? '30'} s${because(facts)}`,
    "Check the cluster's control plane; then run verify, or deploy again.",
  ),
  'alarms-unreadable': contradiction(
    'network',
    facts => `the alarms could not be read for ${facts['seconds'] ?? '60'} s${because(facts)}`,
    'Check the role and the network path to CloudWatch; then deploy again.',
  ),
  superseded: contradiction(
    'gate',
    () => 'a newer release took over',
    'Nothing to do here: the newer release has its own verdict.',
  ),
  'foreign-change': contradiction(
    'gate',
    facts => `somebody else changed it during the release${because(facts)}`,
    'Find out who; then deploy again.',
  ),
  'object-deleted': contradiction(
    'gate',
    () => 'it was deleted during the release',
    'Find out who; then deploy again.',
  ),
  'object-recreated': contradiction(
    'gate',
    () => 'it was deleted and created again during the release',
    'Find out who; then deploy again.',
  ),
  cancelled: contradiction(
    'gate',
    () => 'the run was cancelled',
    'Deploy again: what was applied so far is still in the cluster.',
  ),
  'rollback-failed': contradiction(
    'gate',
    facts => `the previous release did not become healthy either${because(facts)}`,
    'The application may be down: look at its pods now.',
  ),
} as const satisfies Readonly<Record<string, CauseEntry>>
