/** Chooses the transport: the native one where it loads, unless the operator says otherwise. */
import { nativeTransport } from './native.ts'
import { portableTransport } from './portable/portable.ts'
import type { Transport, TransportName } from './transport.ts'
import { UwsChanged, UwsUnavailable } from './uws.ts'

export type TransportSetting = 'auto' | TransportName

export interface ChosenTransport {
  readonly transport: Transport
  /** Why the native one was not taken, though it would have been; null otherwise. */
  readonly insteadOfNative: string | null
}

/**
 * Input: how the native one is loaded. Errors: UwsUnavailable for `native` where it does not load; UwsChanged also for
 * `auto`.
 */
export function chooseTransport(setting: TransportSetting, native = nativeTransport): ChosenTransport {
  if (setting === 'portable') return { transport: portableTransport, insteadOfNative: null }
  try {
    return { transport: native(), insteadOfNative: null }
  } catch (error) {
    const isAbsent = error instanceof UwsUnavailable && !(error instanceof UwsChanged)
    if (setting === 'native' || !isAbsent) throw error
    return { transport: portableTransport, insteadOfNative: error.message }
  }
}
