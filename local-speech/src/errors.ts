/** What can go wrong on the way to the weights; the message says what is missing and how to get it. */
export class WeightsError extends Error {
  override readonly name = 'WeightsError';
  readonly code: 'weights_unreachable' | 'weights_wrong';

  constructor(code: WeightsError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
