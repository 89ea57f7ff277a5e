/** Preloaded into a step: a runner whose clock is SLIPWAY_TEST_CLOCK_MS away from the right time. */
const shift = Number(process.env.SLIPWAY_TEST_CLOCK_MS)
const RightDate = Date

globalThis.Date = class extends RightDate {
  constructor(...given) {
    if (given.length === 0) super(RightDate.now() + shift)
    else super(...given)
  }

  static now() {
    return RightDate.now() + shift
  }
}
