/** What a phone keeps for the crew: the sign-in as long as the tab, unit and choices for longer; nothing of a patient. */

import type { SignInTokens } from '../../client/index.ts'
import { readKept, writeKept } from '../kept.ts'

const TOKENS = 'goldenhour.crew.sign-in'
const UNIT = 'goldenhour.crew.unit'
const SOUND = 'goldenhour.crew.sound'

export const crewKept = {
  tokens(): SignInTokens | null {
    return readKept<SignInTokens>(sessionStorage, TOKENS)
  },
  keepTokens(tokens: SignInTokens | null): void {
    writeKept(sessionStorage, TOKENS, tokens)
  },
  unit(): string {
    return readKept<string>(localStorage, UNIT) ?? ''
  },
  keepUnit(unit: string): void {
    writeKept(localStorage, UNIT, unit)
  },
  sound(): boolean {
    return readKept<boolean>(localStorage, SOUND) ?? true
  },
  keepSound(isOn: boolean): void {
    writeKept(localStorage, SOUND, isOn)
  },
}
