/**
 * What the browser keeps. The sign-in lives as long as the tab: a copy of it is worth a password. Colours and the device's mark,
 * which opens nothing, stay.
 */
import type { SignInTokens } from '../client/index.ts'

const TOKENS = 'goldenhour.sign-in'
const REGION = 'goldenhour.region'
const THEME = 'goldenhour.theme'
const markOf = (user: string): string => `goldenhour.mark.${user}`

export type Theme = 'system' | 'light' | 'dark'

export const kept = {
  tokens(): SignInTokens | null {
    return readKept<SignInTokens>(sessionStorage, TOKENS)
  },
  keepTokens(tokens: SignInTokens | null): void {
    writeKept(sessionStorage, TOKENS, tokens)
  },
  region(): string | null {
    return readKept<string>(sessionStorage, REGION)
  },
  keepRegion(region: string | null): void {
    writeKept(sessionStorage, REGION, region)
  },
  theme(): Theme {
    return readKept<Theme>(localStorage, THEME) ?? 'system'
  },
  keepTheme(theme: Theme): void {
    writeKept(localStorage, THEME, theme)
  },
  mark(user: string): string | undefined {
    return readKept<string>(localStorage, markOf(user)) ?? undefined
  },
  keepMark(user: string, mark: string | null): void {
    if (mark !== null) writeKept(localStorage, markOf(user), mark)
  },
}

export function readKept<T>(store: Storage, key: string): T | null {
  try {
    const text = store.getItem(key)
    return text === null ? null : (JSON.parse(text) as T)
  } catch {
    return null
  }
}

/** A browser that keeps nothing is no reason to stop. */
export function writeKept(store: Storage, key: string, value: unknown): void {
  try {
    if (value === null) store.removeItem(key)
    else store.setItem(key, JSON.stringify(value))
  } catch {
    // Said above.
  }
}
