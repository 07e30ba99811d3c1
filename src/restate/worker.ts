/** The half of `meanwhile/restate` that runs on workers and needs Restate's SDK. */
export { register, serveServices, type Endpoint, type EndpointSettings } from './endpoint.ts';
export { durableServices, type DurableService } from './services.ts';
export { restateStoreServices, type RestateStoreServicesOptions } from './store-services.ts';
