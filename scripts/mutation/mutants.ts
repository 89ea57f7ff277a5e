import { parseSync, Visitor, type VisitorObject } from 'oxc-parser'

/** One rule flipped: the text between two offsets of a file replaced by another. */
export interface Mutant {
  readonly file: string
  readonly line: number
  readonly start: number
  readonly end: number
  readonly before: string
  readonly after: string
  /** What kind of rule it is. */
  readonly operator: string
}

const comparisons: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
}
const calls: Readonly<Record<string, string>> = { some: 'every', every: 'some', max: 'min', min: 'max' }

interface Span {
  readonly start: number
  readonly end: number
}

/** All mutants of a file: conditions, comparisons, and/or, literals, patterns, quantifiers. Types are left alone. */
export function mutantsOf(file: string, source: string): readonly Mutant[] {
  const found: Mutant[] = []
  const { program, errors } = parseSync(file, source)
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`)
  const put = (operator: string, { start, end }: Span, after: string): void => {
    const before = source.slice(start, end)
    const line = source.slice(0, start).split('\n').length
    if (before !== after) found.push({ file, line, start, end, before, after, operator })
  }
  const negated = (test: Span): void => put('condition', test, `!(${source.slice(test.start, test.end)})`)
  const visitor: VisitorObject = {
    IfStatement: ({ test }) => negated(test),
    ConditionalExpression: ({ test }) => negated(test),
    BinaryExpression({ left, right, operator }) {
      const other = comparisons[operator]
      if (other === undefined) return
      const between = { start: left.end, end: right.start }
      put('comparison', between, source.slice(between.start, between.end).replace(operator, other))
    },
    LogicalExpression({ left, right, operator }) {
      if (operator === '??') return
      const between = { start: left.end, end: right.start }
      const other = operator === '&&' ? '||' : '&&'
      put('and/or', between, source.slice(between.start, between.end).replace(operator, other))
    },
    UnaryExpression({ operator, argument, start, end }) {
      if (operator === '!') put('negation', { start, end }, source.slice(argument.start, argument.end))
    },
    Literal(node) {
      if ('regex' in node) return put('pattern', node, '/(?!)/')
      if (typeof node.value === 'boolean') return put('literal', node, String(!node.value))
      if (typeof node.value === 'number') put('figure', node, String(node.value === 0 ? 1 : node.value * 2))
    },
    NewExpression({ callee, arguments: [list] }) {
      if (callee.type !== 'Identifier' || callee.name !== 'Set' || list?.type !== 'ArrayExpression') return
      for (const item of list.elements) if (item?.type === 'Literal') put('member', item, "''")
    },
    CallExpression({ callee }) {
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return
      const other = calls[callee.property.name]
      if (other !== undefined) put('quantifier', callee.property, other)
    },
  }
  new Visitor(visitor).visit(program)
  const overlapping = new Set<string>()
  return found
    .filter(({ start, end, after }) => {
      const key = `${start}-${end}-${after}`
      return !overlapping.has(key) && overlapping.add(key)
    })
    .toSorted((a, b) => a.start - b.start)
}
