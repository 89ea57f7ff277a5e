import { registries } from '../registry/login-targets.ts'
import { repositoryPatterns } from '../runtime/aws-parsers.ts'
import { defineAction } from '../runtime/contract.ts'
import { defineInputs, input } from '../runtime/inputs.ts'
import { oneOf } from '../runtime/parsers.ts'
import { shared } from './shared-inputs.ts'

export const ecrLogin = defineAction({
  name: 'ecr-login',
  title: 'Log in to Amazon ECR',
  description:
    'Logs later steps of the job in to Amazon ECR, for docker, buildx, Helm, ORAS, Podman and crane; `build-push` logs in by itself.',
  icon: 'log-in',
  color: 'orange',
  inputs: defineInputs({
    config: shared.config,
    role: shared.role,
    region: shared.region,
    'trust-policy': shared.trustPolicy,
    registries: input(
      registries,
      'Registries to log in to, of any regions and accounts, and public ECR; that of the role and region when it is not given.',
      { example: '111122223333.dkr.ecr.eu-west-1.amazonaws.com, public.ecr.aws' },
    ),
    access: input(
      oneOf('pull', 'push', 'role'),
      'What later steps may do with the login: pull, pull and push, or all that the role may.',
      { default: 'push' },
    ),
    repositories: input(
      repositoryPatterns,
      'Repositories that `pull` and `push` are about, in all of the registries.',
      {
        default: '*',
        example: 'shop/*',
      },
    ),
  }),
  outputs: {
    registry: 'Host name of the registry; of several the first.',
    registries: 'Host names of all registries, between commas.',
    'docker-config': 'Folder of the Docker configuration with the login: DOCKER_CONFIG of later steps.',
    'expires-at': 'When the first of the logins ends (RFC 3339).',
  },
  permissions: { 'id-token': { level: 'write', because: 'to prove to AWS which job this is' } },
  post: true,
  usage: `- id: ecr
  uses: {action}
  with:
    role: arn:aws:iam::111122223333:role/build
    region: eu-west-1
- run: docker pull \${{ steps.ecr.outputs.registry }}/shop/api:main`,
})
