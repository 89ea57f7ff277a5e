/**
 * A small language for conditions over one object, close to CEL: paths, literals, comparisons, `in`, `&&`, `||`, `!`,
 * `has()`, `size()`, `condition()`, `.exists()`, `.all()`, `.contains()`, `.startsWith()`. Nothing in it loops without a
 * list, calls out or changes anything. Unlike in CEL an absent field is null, not an error: controllers fill it late.
 */
export type Expression =
  | { readonly kind: 'value'; readonly value: string | number | boolean | null }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'field'; readonly of: Expression; readonly key: Expression }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | {
      readonly kind: 'macro'
      readonly name: 'exists' | 'all'
      readonly of: Expression
      readonly each: string
      readonly test: Expression
    }

/** A mistake in an expression, with the place: the character that it begins at, counted from 1. */
export class ExpressionError extends Error {
  constructor(what: string, at: number) {
    super(`${what} at character ${at + 1}`)
    this.name = 'ExpressionError'
  }
}

/** What an expression may begin at. `self` is the whole object. */
const roots = ['self', 'apiVersion', 'kind', 'metadata', 'spec', 'status'] as const

/** Functions, and methods that are functions of what stands before the dot; each with how many arguments it takes. */
const functions: ReadonlyMap<string, number> = new Map([
  ['has', 1],
  ['size', 1],
  ['condition', 1],
  ['contains', 2],
  ['startsWith', 2],
])
const methods = new Set(['contains', 'startsWith', 'size'])

const longest = 1_000
const deepest = 24

interface Token {
  readonly type: 'name' | 'number' | 'string' | 'sign' | 'end'
  readonly text: string
  readonly at: number
}

const tokenPattern =
  /\s*(?:(?<name>[A-Za-z_]\w*)|(?<number>-?\d+(?:\.\d+)?)|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<sign>&&|\|\||[=!<>]=|[<>!().,[\]]))/y

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  const pattern = new RegExp(tokenPattern)
  const end = text.trimEnd().length
  while (pattern.lastIndex < end) {
    const begin = pattern.lastIndex
    const groups = pattern.exec(text)?.groups
    if (groups === undefined) {
      const at = begin + (/\S/.exec(text.slice(begin))?.index ?? 0)
      throw new ExpressionError(`unexpected ${text.charAt(at)}`, at)
    }
    const [type, found] = Object.entries(groups).find(([, value]) => value !== undefined) ?? ['end', '']
    tokens.push({ type: type as Token['type'], text: found ?? '', at: pattern.lastIndex - (found ?? '').length })
  }
  return [...tokens, { type: 'end', text: '', at: end }]
}

/** Reads an expression. Throws ExpressionError. */
export function parseExpression(text: string): Expression {
  if (text.length > longest) throw new ExpressionError(`it is longer than ${longest} characters`, longest)
  const parser = new Parser(tokensOf(text))
  return parser.whole()
}

/** By recursive descent; each level of binding is a method. */
class Parser {
  readonly #tokens: readonly Token[]
  #index = 0
  #depth = 0
  /** Names that an `exists` or `all` around has bound. */
  readonly #bound: string[] = []

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  whole(): Expression {
    const expression = this.#either()
    const rest = this.#next()
    if (rest.type !== 'end') throw new ExpressionError(`unexpected ${rest.text}`, rest.at)
    return expression
  }

  #either(): Expression {
    if (++this.#depth > deepest) throw new ExpressionError('it is nested too deep', this.#peek().at)
    const expression = this.#chain('||', () => this.#chain('&&', () => this.#negation()))
    this.#depth--
    return expression
  }

  #chain(operator: string, operand: () => Expression): Expression {
    let left = operand()
    while (this.#took(operator)) left = { kind: 'binary', operator, left, right: operand() }
    return left
  }

  #negation(): Expression {
    let count = 0
    while (this.#took('!')) count++
    const compared = this.#comparison()
    return count % 2 === 0 ? compared : { kind: 'not', of: compared }
  }

  #comparison(): Expression {
    const left = this.#path()
    const { text, type } = this.#peek()
    const isOperator = (type === 'sign' && /^([=!<>]=|[<>])$/.test(text)) || (type === 'name' && text === 'in')
    if (!isOperator) return left
    this.#next()
    return { kind: 'binary', operator: text, left, right: this.#path() }
  }

  #path(): Expression {
    let expression = this.#primary()
    for (;;) {
      if (this.#took('.')) expression = this.#member(expression)
      else if (this.#took('[')) {
        expression = { kind: 'field', of: expression, key: this.#either() }
        this.#expect(']')
      } else return expression
    }
  }

  #member(of: Expression): Expression {
    const name = this.#name()
    if (!this.#took('(')) return { kind: 'field', of, key: { kind: 'value', value: name.text } }
    if (name.text === 'exists' || name.text === 'all') return this.#macro(name.text, of)
    if (!methods.has(name.text)) throw new ExpressionError(`there is no method ${name.text}()`, name.at)
    return this.#call(name, [of])
  }

  #macro(name: 'exists' | 'all', of: Expression): Expression {
    const each = this.#name().text
    this.#expect(',')
    this.#bound.push(each)
    const test = this.#either()
    this.#bound.pop()
    this.#expect(')')
    return { kind: 'macro', name, of, each, test }
  }

  #call(name: Token, before: readonly Expression[]): Expression {
    const args = [...before, ...this.#list(')')]
    const wanted = functions.get(name.text) ?? 0
    if (args.length !== wanted)
      throw new ExpressionError(
        `${name.text}() takes ${wanted - before.length} argument${wanted - before.length === 1 ? '' : 's'}`,
        name.at,
      )
    return { kind: 'call', name: name.text, args }
  }

  #list(end: string): readonly Expression[] {
    if (this.#took(end)) return []
    const items = [this.#either()]
    while (this.#took(',')) items.push(this.#either())
    this.#expect(end)
    return items
  }

  #primary(): Expression {
    const token = this.#next()
    switch (token.type) {
      case 'number':
        return { kind: 'value', value: Number(token.text) }
      case 'string':
        return { kind: 'value', value: token.text.slice(1, -1).replaceAll(/\\(.)/g, '$1') }
      case 'name':
        return this.#named(token)
      case 'sign':
        if (token.text === '[') return { kind: 'list', items: this.#list(']') }
        if (token.text !== '(') break
        return this.#grouped()
      case 'end':
    }
    throw new ExpressionError(token.type === 'end' ? 'it ends too early' : `unexpected ${token.text}`, token.at)
  }

  #grouped(): Expression {
    const inside = this.#either()
    this.#expect(')')
    return inside
  }

  #named(token: Token): Expression {
    const literal = { true: true, false: false, null: null }[token.text]
    if (literal !== undefined) return { kind: 'value', value: literal }
    if (this.#took('(')) {
      if (!functions.has(token.text)) throw new ExpressionError(`there is no function ${token.text}()`, token.at)
      return this.#call(token, [])
    }
    if (!this.#bound.includes(token.text) && !roots.some(root => root === token.text))
      throw new ExpressionError(`unknown name ${token.text} (a path begins at ${roots.join(', ')})`, token.at)
    return { kind: 'name', name: token.text }
  }

  #name(): Token {
    const token = this.#next()
    if (token.type === 'name') return token
    throw new ExpressionError(
      token.type === 'end' ? 'it ends too early' : `expected a name, found ${token.text}`,
      token.at,
    )
  }

  #expect(text: string): void {
    const token = this.#peek()
    if (!this.#took(text))
      throw new ExpressionError(`expected ${text}, found ${token.type === 'end' ? 'the end' : token.text}`, token.at)
  }

  #took(text: string): boolean {
    const token = this.#peek()
    if (token.type !== 'sign' || token.text !== text) return false
    this.#index++
    return true
  }

  #peek(): Token {
    return this.#tokens[this.#index] ?? { type: 'end', text: '', at: 0 }
  }

  #next(): Token {
    const token = this.#peek()
    if (token.type !== 'end') this.#index++
    return token
  }
}
