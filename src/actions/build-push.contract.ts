import { imageTags, platforms, repositoryName } from '../runtime/aws-parsers.ts'
import { defineAction } from '../runtime/contract.ts'
import { defineInputs, input } from '../runtime/inputs.ts'
import type { Parser } from '../runtime/inputs.ts'
import { boolean, keyValueLines, oneOf, path, refuse, splitLines, text } from '../runtime/parsers.ts'
import { shared } from './shared-inputs.ts'

/** Specifications of buildx have commas of their own: one a line. */
const cacheLines: Parser<readonly string[]> = { accepts: 'lines of `type=…,key=value`', parse: splitLines }

/** `id=value`, one per line. No part of a value is in a message, nor becomes an id: ids are public. */
const secretLines: Parser<Readonly<Record<string, string>>> = {
  accepts: 'lines of `id=value`',
  parse(value, name) {
    // The lines of a key, or of its base64 form, would be read as secrets of their own.
    const isKey = value.includes('-----BEGIN')
    const secrets = isKey ? {} : keyValueLines.parse(value, name)
    if (!isKey && Object.entries(secrets).every(([id, one]) => isId(id) && !/^=*$/.test(one))) return secrets
    throw refuse(
      name,
      `A line of ${name} is not of the form id=value.`,
      'Write one id=value per line; encode a secret of several lines with base64 -w0, and decode it in the Dockerfile.',
      'An id has up to 64 letters, digits, "_", "." and "-"; a value has one line and is not empty.',
    )
  },
}

function isId(text: string): boolean {
  return /^[A-Za-z_][\w.-]{0,63}$/.test(text)
}

export const buildPush = defineAction({
  name: 'build-push',
  title: 'Build and push an image',
  description: 'Builds an image with buildx, pushes it to Amazon ECR and hands on its digest.',
  icon: 'package',
  color: 'blue',
  inputs: defineInputs({
    config: shared.config,
    service: shared.service,
    role: shared.role,
    region: shared.region,
    'trust-policy': shared.trustPolicy,
    repository: input(repositoryName, 'ECR repository to push to.', {
      required: true,
      fromFile: true,
      example: 'shop/api',
    }),
    context: input(path, 'Folder that is sent to the build.', { default: '.', fromFile: true }),
    dockerfile: input(path, 'Dockerfile; `Dockerfile` in the context when it is not given.', {
      fromFile: true,
      example: 'docker/api.Dockerfile',
    }),
    target: input(text, 'Stage of the Dockerfile to build; the last one when it is not given.', { example: 'runtime' }),
    'build-args': input(keyValueLines, 'Build arguments. They stay readable in the image: never a secret.', {
      example: 'VERSION=1.4.2',
    }),
    labels: input(keyValueLines, 'Labels in addition to the standard ones of the Open Container Initiative.', {
      example: 'team=checkout',
    }),
    platforms: input(platforms, 'Platforms to build for; that of the builder when none is given.', {
      example: 'linux/amd64, linux/arm64',
    }),
    secrets: input(
      secretLines,
      'Secrets for `RUN --mount=type=secret,id=…`. They are neither in the image nor in its provenance.',
      { example: 'npm=${{ secrets.NPM_TOKEN }}' },
    ),
    'cache-from': input(cacheLines, 'Where the build may take layers from, as `docker buildx build --cache-from`.', {
      example: 'type=gha',
    }),
    'cache-to': input(cacheLines, 'Where the build keeps its layers, as `docker buildx build --cache-to`.', {
      example: 'type=gha,mode=max',
    }),
    provenance: input(
      oneOf('max', 'min', 'off'),
      'How much the image says of its build; `max` tells which line of the Dockerfile made a layer.',
      { default: 'max' },
    ),
    tags: input(
      imageTags,
      'Tags besides the one that names the commit: `4f2c9ab01d3e`, or `4f2c9ab01d3e-9d01e77a` where the inputs of the build are not the defaults.',
      { example: 'v1.4.2' },
    ),
    reuse: input(boolean, 'Use the image of an earlier run that built this commit with the same inputs.', {
      default: 'true',
    }),
    'on-conflict': input(
      oneOf('fail', 'reuse', 'suffix'),
      'What becomes of a tag that may not move (immutable) and names another image: `fail` names both digests, `reuse` takes the image that has the tag of the commit, `suffix` gives the new image the tag with the beginning of its digest behind it (not with the `docker` driver of buildx, which pushes by itself).',
      { default: 'fail' },
    ),
    timeout: shared.timeout,
  }),
  outputs: {
    image: 'The image by digest: `registry/repository@sha256:…`. Give this to `scan` and `deploy`.',
    digest: 'Digest of the image or, with several platforms, of the index.',
    tags: 'Tags that point to it, separated by commas; the one that names the commit first.',
    'repository-uri': 'Registry and repository, without tag or digest.',
    pushed: '`true` when this run gave the registry something that it did not have.',
    digests: 'Digest of each platform, as JSON: `{"linux/amd64":"sha256:…"}`.',
    result:
      'Path of a JSON file with all of it: digests, tags, sizes, what was uploaded and what was there (docs/image-result.md).',
    skipped: '`true` when an earlier run had built this commit with the same inputs and its image was reused.',
  },
  permissions: {
    contents: { level: 'read', because: 'to check out the code' },
    'id-token': { level: 'write', because: 'to prove to AWS which job this is' },
  },
  usage: `- uses: actions/checkout@v6
- uses: {action}
  id: image
  with:
    role: arn:aws:iam::111122223333:role/build
    region: eu-west-1
    repository: shop/api
- run: echo "\${{ steps.image.outputs.digest }}"`,
})
