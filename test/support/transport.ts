/** The transport that the tests of this process run over: the native one, or the portable one where the process says so. */
import { chooseTransport } from '../../src/gateway/transport/choose.ts'
import type { Transport } from '../../src/gateway/transport/transport.ts'

/** Engines that are started as programs read the same variable. */
export const IS_PORTABLE = process.env.GOLDENHOUR_TRANSPORT === 'portable'

export const testTransport = (): Transport => chooseTransport(IS_PORTABLE ? 'portable' : 'native').transport

/** What a test expects of each, where they differ. */
export const over = <T>(expected: { readonly native: T; readonly portable: T }): T =>
  IS_PORTABLE ? expected.portable : expected.native
