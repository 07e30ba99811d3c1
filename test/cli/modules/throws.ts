export default function make(): never {
  throw new Error('There is no key.');
}
