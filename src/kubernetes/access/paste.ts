/** Lines to copy as Markdown for the step summary, under a sentence that says what they are for. */
export function toPaste(language: 'yaml' | 'sh', lines: string, purpose: string): string {
  return `${purpose}\n\n\`\`\`${language}\n${lines.trim()}\n\`\`\``
}
