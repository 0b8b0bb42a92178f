export {
  parseRoutes,
  type RouteSettings,
  RoutesError,
  type RoutesFile,
  readRoutesFile,
  routesInClear,
} from './load.ts';
export {
  createRouter,
  type RoutedResult,
  type Router,
  type RouterListener,
  type RouterOptions,
  type RouteStatus,
} from './router.ts';
