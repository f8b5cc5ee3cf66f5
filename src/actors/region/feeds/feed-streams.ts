/**
 * The name under which a feed's stream is kept: its own id, and four characters that stand for the feed.
 *
 * Several feeds may be allowed to carry one unit, and each chooses the ids of its streams. Under the bare id one feed could
 * take up another's stream: its fixes would count as sent, and the other's, when they come, as duplicates to be dropped.
 * A driver's streams keep their bare ids: a unit has one session, and a phone's stream goes on under the next crew.
 */
import { createHash } from 'node:crypto'
import type { Principal, StreamId } from '../../../domain/ids.ts'

/** No client can send this in an id of its own. */
const MARK = '~'
/** Few, since each segment has them: 24 bits tell the few feeds of one unit apart, whose names the service has given. */
const CHARS = 4

export const feedTag = (feed: Principal): string =>
  MARK + createHash('sha256').update(feed).digest('base64url').slice(0, CHARS)

export const feedStreamId = (streamId: StreamId, tag: string): StreamId => streamId + tag
