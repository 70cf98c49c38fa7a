package httpapi

// QueryParameters are held against the document.
var QueryParameters = queryParameters
