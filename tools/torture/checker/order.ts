/** The log and the segments have no holes, and nobody wrote after somebody else had taken the region. */
import type { Find } from './findings.ts'
import type { Delta } from './stored.ts'

export class OrderCheck {
  #position = 0
  #epoch = 0
  #segmentNo = 0

  judge({ records, segments, ownerEpoch }: Delta, find: Find): void {
    for (const { position, epoch } of records) {
      const about = `position ${position}`
      if (position !== this.#position + 1) find('log-broken', about, `it follows position ${this.#position}`)
      if (epoch < this.#epoch)
        find('zombie-write', about, `it has epoch ${epoch}, after records of epoch ${this.#epoch}`)
      this.#position = position
      this.#epoch = Math.max(this.#epoch, epoch)
    }
    if (ownerEpoch !== null && this.#epoch > ownerEpoch) {
      find('zombie-write', `epoch ${this.#epoch}`, `the log has it, and the region's owner has epoch ${ownerEpoch}`)
    }
    for (const { segmentNo } of segments) {
      if (segmentNo !== this.#segmentNo + 1) {
        find('log-broken', `segment ${segmentNo}`, `it follows segment ${this.#segmentNo}`)
      }
      this.#segmentNo = segmentNo
    }
  }
}
