/**
 * What the browser keeps. The sign-in lives as long as the tab: a copy of it is worth a password. Colours and the device's mark,
 * which opens nothing, stay.
 */
import type { SignInTokens } from '../client/index.ts'

const TOKENS = 'goldenhour.sign-in'
const REGION = 'goldenhour.region'
const THEME = 'goldenhour.theme'
const MINE = 'goldenhour.mine'
const UNANSWERED = 'goldenhour.unanswered'
const COVERAGE = 'goldenhour.coverage-min'
const TELL = 'goldenhour.tell'
const markOf = (user: string): string => `goldenhour.mark.${user}`

/** By what somebody wants to be told of an alarm beside the board. */
export interface TellBy {
  readonly sound: boolean
  readonly notification: boolean
}

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
  /** Trips that this user has worked on, the newest last. */
  mine(): readonly string[] {
    return readKept<string[]>(sessionStorage, MINE) ?? []
  },
  keepMine(tripIds: readonly string[] | null): void {
    writeKept(sessionStorage, MINE, tripIds)
  },
  /** What was sent and had no answer when the page was left, as people call it. */
  unanswered(): readonly string[] {
    return readKept<string[]>(sessionStorage, UNANSWERED) ?? []
  },
  keepUnanswered(whats: readonly string[]): void {
    writeKept(sessionStorage, UNANSWERED, whats.length === 0 ? null : whats)
  },
  coverageMin(): number | null {
    return readKept<number>(localStorage, COVERAGE)
  },
  keepCoverageMin(minutes: number): void {
    writeKept(localStorage, COVERAGE, minutes)
  },
  tellBy(): TellBy {
    return readKept<TellBy>(localStorage, TELL) ?? { sound: false, notification: false }
  },
  keepTellBy(tellBy: TellBy): void {
    writeKept(localStorage, TELL, tellBy)
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
