import { cleanText } from './document.ts'

/** Text that is text in HTML, between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return cleanText(text).replaceAll(/[&<>"']/g, character => entities[character] ?? character)
}
