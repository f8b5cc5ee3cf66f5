/** The id that its feed gave a stream, of the one that it is stored under [FD-10]; a driver's stream has one id only. */
export const bareStreamId = (streamId: string): string => streamId.replace(/~[\w-]{4}$/, '')
