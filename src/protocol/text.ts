/** Texts that people write and read: how long one is, and which characters a name may have. */
import { LIMITS } from './limits.ts'

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * Whether a text is no longer than so many characters as a person counts them (UAX #29). What is behind each is bounded
 * too, since a letter may carry any number of marks.
 */
export function isWithin(text: string, max: number): boolean {
  if (text.length <= max) return true
  if (text.length > max * LIMITS.codeUnitsPerChar) return false
  let seen = 0
  for (const _ of SEGMENTER.segment(text)) {
    seen += 1
    if (seen > max) return false
  }
  return true
}

/** A flag of a part of a country: a black flag and its name in tags, which nobody sees anywhere else. */
const TAGGED_FLAG = /\u{1F3F4}[\u{E0020}-\u{E007E}]{1,8}\u{E007F}/gu
/**
 * Format characters that scripts need within words, and none that hides or turns what stands beside it: the signs that
 * enclose digits, the space of Khmer, joiners, and marks of direction. No embedding, override or isolate is among them.
 */
const NEEDED_FORMATS = /[\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u200B-\u200F\u{110BD}\u{110CD}]/gu
const LINE_OF_TEXT = /^[^\p{C}\p{Zl}\p{Zp}]+$/u
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u

/** Whether a text will do as a name: one line of 1 to `max` characters of which some can be seen, without space around it. */
export function isLabel(text: string, max: number): boolean {
  const plain = text.replaceAll(TAGGED_FLAG, '\u{1F3F4}').replaceAll(NEEDED_FORMATS, '')
  return isWithin(text, max) && text.trim() === text && LINE_OF_TEXT.test(plain) && VISIBLE.test(plain)
}

/** The end of a sentence that refuses one. */
export const labelMust = (max: number): string =>
  `must be 1 to ${max} characters on one line, without controls, signs that turn the direction of text, or space around them`
