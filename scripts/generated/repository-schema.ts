import { z } from 'zod'

const name = z.string().min(1)

const rule = z.strictObject({
  rulePriority: z.number().describe('Unique; the rule with the lowest number is applied first.'),
  description: z.string().optional(),
  selection: z.strictObject({
    tagStatus: z.enum(['tagged', 'untagged', 'any']).describe('A rule for any image comes last.'),
    tagPatternList: z.array(name).optional().describe('Tags that the images have, all of them; * is any text.'),
    tagPrefixList: z.array(name).optional().describe('Starts of tags that the images have, all of them.'),
    storageClass: z.enum(['standard', 'archive']).optional(),
    countType: z.enum(['imageCountMoreThan', 'sinceImagePushed', 'sinceImagePulled', 'sinceImageTransitioned']),
    countUnit: z.literal('days').optional(),
    countNumber: z.number(),
  }),
  action: z.strictObject({
    type: z.enum(['expire', 'transition']),
    targetStorageClass: z.literal('archive').optional(),
  }),
})

const repository = z.strictObject({
  mutability: z.enum(['mutable', 'immutable']).optional().describe('Whether a tag may be moved to another image.'),
  'mutability-exclusions': z
    .array(name)
    .optional()
    .describe('Up to five patterns of tags for which the opposite holds: buildcache-*'),
  encryption: z.enum(['aes256', 'kms', 'kms-dsse']).optional().describe('Fixed when the repository is made.'),
  'kms-key': name.optional().describe('ARN of the KMS key. Default: the key of AWS for ECR.'),
  tags: z.record(z.string(), z.string()).optional().describe('Tags of the repository; others on it are left alone.'),
  policy: z
    .union([z.literal('none'), z.record(z.string(), z.unknown())])
    .optional()
    .describe('Its resource policy, as IAM writes it; none removes one.'),
  lifecycle: z.array(rule).optional().describe('The rules of its lifecycle policy; an empty list removes it.'),
  scanning: z
    .enum(['manual', 'on-push', 'continuous'])
    .optional()
    .describe('When images are scanned, by a filter of the registry for names that begin so.'),
  replication: z
    .array(z.union([name, z.strictObject({ region: name, account: name.optional() })]))
    .optional()
    .describe('Regions, also of other accounts, that images are copied to by a rule of the registry.'),
})

/**
 * The shape of `repositories` in slipway.yaml, for editors. A run reads them by src/registry/repository/desired.ts alone,
 * which knows more than a shape can say; a test holds the two together.
 */
export const repositoriesShape = z.record(z.string(), repository.nullable())
