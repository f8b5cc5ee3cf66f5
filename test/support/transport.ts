/** The transport that the tests of this process run over: the native one, or the portable one where the process says so. */
import { chooseTransport } from '../../src/gateway/transport/choose.ts'
import type { Transport } from '../../src/gateway/transport/transport.ts'

/** Engines that are started as programs read the same variable. */
export const IS_PORTABLE = process.env.GOLDENHOUR_TRANSPORT === 'portable'

export const testTransport = (): Transport => chooseTransport(IS_PORTABLE ? 'portable' : 'native').transport

/** What a test expects of each, where they differ. */
export const over = <T>(expected: { readonly native: T; readonly portable: T }): T =>
  IS_PORTABLE ? expected.portable : expected.native

/**
 * Newer builds of uWebSockets.js, those for Node 22 and later, answer by themselves what older ones leave without a word.
 * Nothing of ours has seen such a request, and nothing behind it is read, either way.
 */
const SAYS_SO = !IS_PORTABLE && Number(process.versions.modules) >= 127
const BARE_400 =
  'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<h1>Bad Request</h1><hr><i>uWebSockets/20 Server</i>'

/** Whether a request was left without an answer of ours. */
export const isUnanswered = (text: string): boolean => text === '' || (SAYS_SO && text === BARE_400)
/** The status of what is left without a word by older builds, of which newer ones say so. */
export const unlessSaid = (status: number): number => (SAYS_SO ? status : 0)
